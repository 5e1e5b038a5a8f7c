package answer

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Whoever mistypes a tag is told at once: the package does not start.
func TestWrongTags(t *testing.T) {
	for tag, want := range map[reflect.StructTag]string{
		`from:"Latency.Unheard"`:  "X comes from Latency.Unheard, which aem.TaskDetails has not",
		`from:"DiskMB,MB"`:        "X cannot be made of DiskMB,MB, which is aem.Number",
		`from:"FullLoad.End,MiB"`: "X cannot be made of FullLoad.End,MiB, which is time.Time",
		`from:"Options.FullLoad"`: "X cannot be made of Options.FullLoad, which is aem.Bool",
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasSuffix(got, want) {
					t.Errorf("%s: %q, want %q", tag, got, want)
				}
			}()
			x := reflect.StructField{Name: "X", Type: reflect.TypeFor[fleet.Number](), Tag: tag}
			assignments(reflect.StructOf([]reflect.StructField{x}), reflect.TypeFor[aem.TaskDetails](), assignment{})
		}()
	}
}
