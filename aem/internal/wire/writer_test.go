package wire

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"日本語", "emoji 🚚", "", "\x00\x1f\x7f", "a\xffb\xc3", "\xf0\x9f", "\u2028\r\n\t\"\\", "\ufeff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := NewWriter(nil, RealWorld)
		w.Open()
		w.Str("k", text)
		w.Str("again", text)
		w.Close()
		var got struct {
			K     string
			Again string
		}
		if err := json.Unmarshal(w.B, &got); err != nil {
			t.Fatalf("%q gives %s: %v", text, w.B, err)
		}
		if want := string([]rune(text)); got.K != want || got.Again != got.K ||
			w.Invalid == utf8.ValidString(text) {
			t.Errorf("%q gives %q", text, got)
		}
	})
}
