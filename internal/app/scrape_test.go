package app

import (
	"bytes"
	"testing"
)

func TestTerminalShowsNoControlCharacters(t *testing.T) {
	var out bytes.Buffer
	terminal := &Terminal{To: &out}
	for _, part := range []string{"a{task=\"\x1b[2J\u009b\xc3", "\xa4\r\u202e\"} 1\n", "b 2\n"} {
		if _, err := terminal.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if want := "a{task=\"\\x1b[2J\\u009bä\\r\\u202e\"} 1\nb 2\n"; out.String() != want {
		t.Errorf("it shows %q, want %q", out.String(), want)
	}
}
