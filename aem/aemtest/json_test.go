package aemtest

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzText(f *testing.F) {
	for _, seed := range append(oddTasks(), "", "\x00\x1f\x7f", "a\xffb\xc3", "\u2028\r\n\t\"\\", "\ufeff") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := newWriter(nil, RealWorld)
		w.open()
		w.str("k", text)
		w.strings("list", []string{text, text})
		w.close()
		var got struct {
			K    string
			List []string
		}
		if err := json.Unmarshal(w.b, &got); err != nil {
			t.Fatalf("%q gives %s: %v", text, w.b, err)
		}
		var want strings.Builder // each wrong byte becomes a sign of its own
		for _, r := range text {
			want.WriteRune(r)
		}
		if got.K != want.String() || len(got.List) != 2 || got.List[1] != want.String() {
			t.Errorf("%q gives %q", text, got)
		}
	})
}
