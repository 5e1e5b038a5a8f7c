package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// between is the range of an integer.
type between struct{ least, most int }

func (b between) String() string {
	if b.most == math.MaxInt {
		return fmt.Sprintf("a whole number, at least %d", b.least)
	}
	return fmt.Sprintf("a whole number from %d to %d", b.least, b.most)
}

func integer(p *int, allowed between) codec {
	return codec{
		kind: "integer",
		decode: func(d *decoder, v value) {
			var n int
			switch tag := v.tag(); {
			case tag != "!!int" && tag != "!!float":
				d.wrongType(v, allowed.String())
			case tag == "!!float" || v.node.Decode(&n) != nil || n < allowed.least || n > allowed.most:
				d.fail(v.path, "must be %s, is %s", allowed, v.quote())
			default:
				*p = n
			}
		},
		encode: func() *yaml.Node { return scalar("!!int", strconv.Itoa(*p)) },
	}
}

// rate is a number of at least 0.
func rate(p *float64) codec {
	const want = "a number, at least 0"
	return codec{
		kind: "number",
		decode: func(d *decoder, v value) {
			var n float64
			switch tag := v.tag(); {
			case tag != "!!int" && tag != "!!float":
				d.wrongType(v, want)
			case v.node.Decode(&n) != nil || !(n >= 0) || math.IsInf(n, 0):
				d.fail(v.path, "must be %s, is %s", want, v.quote())
			default:
				*p = n
			}
		},
		encode: func() *yaml.Node {
			// Without a tag: 2 is an integer in YAML, 2.5 is not.
			return scalar("", strconv.FormatFloat(*p, 'f', -1, 64))
		},
	}
}

func boolean(p *bool) codec {
	return codec{
		kind: "boolean",
		decode: func(d *decoder, v value) {
			if v.tag() != "!!bool" || v.node.Decode(p) != nil {
				d.wrongType(v, "true or false")
			}
		},
		encode: func() *yaml.Node { return scalar("!!bool", strconv.FormatBool(*p)) },
	}
}

// text is a text that is not empty and has no control characters.
func text(p *string) codec {
	return codec{
		kind: "string",
		decode: func(d *decoder, v value) {
			if s, ok := d.text(v); ok {
				*p = s
			}
		},
		encode: func() *yaml.Node { return shown(*p) },
	}
}

func shown(s string) *yaml.Node {
	if s == "" {
		return nil
	}
	return scalar("!!str", s)
}

// text reads a text as it stands in the file.
func (d *decoder) text(v value) (string, bool) {
	switch tag := v.tag(); {
	case tag == "!!null":
		d.fail(v.path, "has no value: give one or leave the key out")
	case tag == "!!int" || tag == "!!float" || tag == "!!bool" || tag == "!!timestamp":
		d.fail(v.path, "must be text, is %s: put it in quotes", v.is())
	case tag != "!!str":
		d.wrongType(v, "text")
	case v.node.Value == "":
		d.fail(v.path, "is empty: give a value or leave the key out")
	case !utf8.ValidString(v.node.Value):
		d.fail(v.path, "is not valid UTF-8")
	case strings.ContainsFunc(v.node.Value, unicode.IsControl):
		d.fail(v.path, "holds a line break or another control character")
	default:
		return v.node.Value, true
	}
	return "", false
}

// textList is a list of texts, such as tags.
func textList(p *[]string) codec {
	return codec{
		kind: "list of strings",
		decode: func(d *decoder, v value) {
			*p = nil
			d.list(v, `["nightly"]`, func(entry value) {
				if s, ok := d.text(entry); ok {
					*p = append(*p, s)
				}
			})
		},
		encode: func() *yaml.Node { return texts(*p) },
	}
}

// oneOf is a text out of a few.
func oneOf[T ~string](p *T, allowed ...T) codec {
	words := make([]string, 0, len(allowed))
	for _, a := range allowed {
		words = append(words, string(a))
	}
	list := strings.Join(words, ", ")
	return codec{
		kind: "one of " + list,
		decode: func(d *decoder, v value) {
			if v.tag() != "!!str" {
				d.wrongType(v, "one of "+list)
				return
			}
			for _, a := range allowed {
				if string(a) == v.node.Value {
					*p = a
					return
				}
			}
			suffix := ""
			if meant := closest(v.node.Value, words); meant != "" {
				suffix = `; did you mean "` + meant + `"?`
			}
			d.fail(v.path, "must be one of %s, is %s%s", list, v.quote(), suffix)
		},
		encode: func() *yaml.Node { return shown(string(*p)) },
	}
}

// longest is the longest duration that makes sense anywhere; its multiples do not
// overflow.
const longest = 365 * 24 * time.Hour

// duration is a length of time of at least least.
func duration(p *time.Duration, least time.Duration) codec {
	return codec{
		kind: "duration",
		decode: func(d *decoder, v value) {
			if parsed, ok := d.duration(v, least); ok {
				*p = parsed
			}
		},
		encode: func() *yaml.Node { return scalar("!!str", formatDuration(*p)) },
	}
}

func (d *decoder) duration(v value, least time.Duration) (time.Duration, bool) {
	switch tag := v.tag(); {
	case tag == "!!int" && v.node.Value == "0" && least == 0:
		return 0, true
	case tag == "!!int" || tag == "!!float":
		d.fail(v.path, "%s needs a unit, for example %s", v.quote(), withUnit(v))
		return 0, false
	case tag != "!!str":
		d.wrongType(v, "a duration such as 30s, 5m or 1h30m")
		return 0, false
	}
	parsed, err := parseDuration(v.node.Value)
	switch {
	case strings.HasPrefix(v.node.Value, "-"):
		d.fail(v.path, "must not be negative, is %s", v.quote())
	case err != nil:
		d.fail(v.path, "%s is not a duration: want for example 30s, 5m or 1h30m (units ms, s, m, h, d, w, y, largest first)", v.quote())
	case parsed < least:
		d.fail(v.path, "must be longer than 0s, is %s", v.quote())
	case parsed > longest:
		d.fail(v.path, "must be at most %s, is %s", formatDuration(longest), v.quote())
	default:
		return parsed, true
	}
	return 0, false
}

func withUnit(v value) string {
	if n, err := strconv.Atoi(v.node.Value); err != nil || n <= 0 || v.aliased {
		return "30s"
	}
	return v.node.Value + "s"
}

// size is a number of bytes, at least 1.
func size(p *int64) codec {
	const want = "a size such as 64MiB, 64MB or a number of bytes"
	return codec{
		kind: "size",
		decode: func(d *decoder, v value) {
			if tag := v.tag(); tag != "!!str" && tag != "!!int" && tag != "!!float" {
				d.wrongType(v, want)
				return
			}
			n, err := parseSize(v.node.Value)
			switch {
			case err != nil:
				d.fail(v.path, "%s is not a size: want %s", v.quote(), want)
			case n < 1:
				d.fail(v.path, "must be at least 1 byte, is %s", v.quote())
			default:
				*p = n
			}
		},
		encode: func() *yaml.Node { return scalar("", formatSize(*p)) },
	}
}
