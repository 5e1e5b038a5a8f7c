package config

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Filter chooses names. The expressions are anchored at both ends; no Include is
// all, and Exclude wins.
type Filter struct{ Include, Exclude []*regexp.Regexp }

// filterFields are the keys of a filter on what.
func filterFields(f *Filter, what string) []field {
	include := expressions(&f.Include)
	encode := include.encode
	include.encode = func() *yaml.Node {
		if len(f.Include) == 0 {
			return texts([]string{".*"})
		}
		return encode()
	}
	return []field{
		{name: "include", codec: include, doc: "regular expressions on " + what + ", anchored at both ends"},
		{name: "exclude", codec: expressions(&f.Exclude), doc: "as include; exclude wins"},
	}
}

// expressions is a list of anchored regular expressions.
func expressions(p *[]*regexp.Regexp) codec {
	return codec{
		kind: "list of regular expressions",
		decode: func(d *decoder, v value) {
			*p = nil
			d.list(v, `["prod-.*"]`, func(entry value) {
				if re, ok := d.expression(entry); ok {
					*p = append(*p, re)
				}
			})
		},
		encode: func() *yaml.Node {
			var written []string
			for _, re := range *p {
				written = append(written, withoutAnchors(re))
			}
			return texts(written)
		},
	}
}

// expression is an anchored regular expression; nil matches everything.
func expression(p **regexp.Regexp) codec {
	return codec{
		kind: "regular expression",
		decode: func(d *decoder, v value) {
			if re, ok := d.expression(v); ok {
				*p = re
			}
		},
		encode: func() *yaml.Node {
			if *p == nil {
				return scalar("!!str", ".*")
			}
			return scalar("!!str", withoutAnchors(*p))
		},
	}
}

// The anchors of an expression. The dot matches a line break as well: names are
// whatever their owners chose.
const anchorStart, anchorEnd = "^(?s:", ")$"

func (d *decoder) expression(v value) (*regexp.Regexp, bool) {
	s, ok := d.text(v)
	if !ok {
		return nil, false
	}
	// By itself first: "a)(b" would be fine between the anchors.
	if _, err := regexp.Compile(s); err != nil {
		reason := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		if v.aliased {
			reason = "check its brackets and repetitions"
		}
		d.fail(v.path, "is not a regular expression: %s", reason)
		return nil, false
	}
	re, err := regexp.Compile(anchorStart + s + anchorEnd)
	if err != nil {
		// A \Q without \E takes the anchor as text; or it is just too large.
		d.fail(v.path, `cannot be anchored: close \Q with \E, or make it shorter`)
		return nil, false
	}
	return re, true
}

func withoutAnchors(re *regexp.Regexp) string {
	return strings.TrimSuffix(strings.TrimPrefix(re.String(), anchorStart), anchorEnd)
}
