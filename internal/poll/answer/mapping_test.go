package answer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Whoever mistypes a tag is told at once: the package does not start.
func TestWrongTags(t *testing.T) {
	for name, wrong := range map[string]struct {
		make func()
		want string
	}{
		"a field that aem has not": {func() {
			newMapping[struct {
				X fleet.Number `from:"Latency.Unheard"`
			}, aem.TaskDetails]()
		}, "X comes from Latency.Unheard, which aem.TaskDetails has not"},
		"a unit that nobody knows": {func() {
			newMapping[struct {
				X fleet.Number `from:"DiskMB,MB"`
			}, aem.TaskDetails]()
		}, "X cannot be made of DiskMB,MB, which is aem.Number"},
		"another type": {func() {
			newMapping[struct {
				X fleet.Number `from:"Options.FullLoad"`
			}, aem.TaskDetails]()
		}, "X cannot be made of Options.FullLoad, which is aem.Bool"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasSuffix(got, wrong.want) {
					t.Errorf("%q, want %q", got, wrong.want)
				}
			}()
			wrong.make()
		})
	}
}
