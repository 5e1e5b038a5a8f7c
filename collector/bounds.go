package collector

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxUnknown is how many texts that the API's documents do not know a family and Enterprise Manager
// has; what comes after is otherText.
const (
	maxUnknown = 20
	otherText  = "other"
)

// bounds keeps what an Enterprise Manager says from making ever new series.
type bounds struct {
	errors []string // their kinds, and the codes that the API's documents know

	mu      sync.Mutex
	unknown map[string][]string // by family
}

// text is what a family serves for a text of the API.
func (b *bounds) text(family string, known []string, text string) string {
	if slices.Contains(known, text) || slices.Contains(b.errors, text) {
		return text
	}
	if status, err := strconv.Atoi(strings.TrimPrefix(text, "http_")); err == nil && http.StatusText(status) != "" {
		return text
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch unknown := b.unknown[family]; {
	case slices.Contains(unknown, text):
		return text
	case len(unknown) == maxUnknown:
		return otherText
	default:
		b.unknown[family] = append(unknown, text)
		return text
	}
}
