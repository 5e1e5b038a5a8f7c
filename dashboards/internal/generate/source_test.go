package generate

import (
	"slices"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// TestEveryStopReasonHasWords: those of the API, in the colour of what fleet says of them.
func TestEveryStopReasonHasWords(t *testing.T) {
	source, err := read()
	if err != nil {
		t.Fatal(err)
	}
	reasons, known := source.States["stopReason"].Are, aem.StopReason("").Spellings()
	for _, spellings := range known {
		reason, _, _ := strings.Cut(string(spellings), "|")
		i := slices.IndexFunc(reasons, func(s state) bool { return s.Value == reason })
		if i < 0 {
			t.Errorf("there are no words for %s", reason)
			continue
		}
		alarming := strings.Contains(reasons[i].Color, "red") || strings.Contains(reasons[i].Color, "orange")
		if alarming != fleet.AbnormalStop(reason) {
			t.Errorf("%s is %s", reason, reasons[i].Color)
		}
	}
	if len(reasons) != len(known) {
		t.Errorf("there are words for %d reasons, and %d reasons", len(reasons), len(known))
	}
}
