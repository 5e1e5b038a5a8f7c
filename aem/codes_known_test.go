package aem

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// Every code of the guide that has a constant is known.
func TestErrorCodesIsComplete(t *testing.T) {
	source, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	known := ErrorCodes()
	for _, m := range regexp.MustCompile(`(?m)^\tCode\w+\s+= "([^"]+)"`).FindAllSubmatch(source, -1) {
		if !slices.Contains(known, canonicalCode(string(m[1]))) {
			t.Errorf("ErrorCodes lacks %s", m[1])
		}
	}
}
