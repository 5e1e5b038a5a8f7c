package poll

import (
	"regexp"
	"testing"
)

func anchored(expressions ...string) []*regexp.Regexp {
	var list []*regexp.Regexp
	for _, e := range expressions {
		list = append(list, regexp.MustCompile("^(?:"+e+")$"))
	}
	return list
}

func TestFilter(t *testing.T) {
	tests := []struct {
		name   string
		filter Filter
		in     []string
		out    []string
	}{
		{"empty", Filter{}, []string{"", "a", "ä b"}, nil},
		{"include", Filter{Include: anchored("a.*", "b")}, []string{"a", "ab", "b"}, []string{"bb", "xa", ""}},
		{"exclude", Filter{Exclude: anchored("lab-.*")}, []string{"lab", "a lab-1"}, []string{"lab-", "lab-1"}},
		{"exclude wins", Filter{Include: anchored(".*"), Exclude: anchored("x")}, []string{"xx"}, []string{"x"}},
		{"case matters", Filter{Include: anchored("Task")}, []string{"Task"}, []string{"task"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range tt.in {
				if !tt.filter.match(name) {
					t.Errorf("%q is out", name)
				}
			}
			for _, name := range tt.out {
				if tt.filter.match(name) {
					t.Errorf("%q is in", name)
				}
			}
		})
	}
}

func TestBearsOneOf(t *testing.T) {
	tests := []struct {
		tags, wanted []string
		want         bool
	}{
		{nil, nil, true},
		{[]string{"a"}, nil, true},
		{nil, []string{"a"}, false},
		{[]string{"b", "a"}, []string{"a", "c"}, true},
		{[]string{"A"}, []string{"a"}, false},
	}
	for _, tt := range tests {
		if got := bearsOneOf(tt.tags, tt.wanted); got != tt.want {
			t.Errorf("bearsOneOf(%q, %q) = %v", tt.tags, tt.wanted, got)
		}
	}
}
