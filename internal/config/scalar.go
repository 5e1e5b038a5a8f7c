package config

import (
	"fmt"
	"math"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"
)

type scalar struct {
	read  func(d *decoder, v value, f field) (any, bool) // what is wrong is told
	write func(x any) *yaml.Node
}

func scalarOf[T any](read func(*decoder, value, field) (T, bool), node func(string) *yaml.Node,
	write func(T) string) scalar {
	return scalar{
		func(d *decoder, v value, f field) (any, bool) {
			x, ok := read(d, v, f)
			return x, ok
		},
		func(x any) *yaml.Node { return node(write(x.(T))) },
	}
}

// scalars are those that a key may have. A type that is not among them is a text.
var scalars = map[reflect.Type]scalar{
	reflect.TypeFor[string]():         scalarOf((*decoder).string, text, func(x string) string { return x }),
	reflect.TypeFor[Secret]():         scalarOf((*decoder).secret, text, Secret.String),
	reflect.TypeFor[*regexp.Regexp](): scalarOf((*decoder).expression, text, withoutAnchors),
	reflect.TypeFor[promconfig.URL](): scalarOf((*decoder).proxyAddress, text, redactedURL),
	reflect.TypeFor[time.Duration]():  scalarOf((*decoder).duration, plain, formatDuration),
	reflect.TypeFor[Size]():           scalarOf((*decoder).size, plain, formatSize),
	reflect.TypeFor[bool]():           scalarOf((*decoder).boolean, plain, strconv.FormatBool),
	reflect.TypeFor[*bool](): scalarOf((*decoder).choice, plain,
		func(x *bool) string { return strconv.FormatBool(*x) }),
	reflect.TypeFor[int](): scalarOf((*decoder).integer, plain, strconv.Itoa),
	reflect.TypeFor[float64](): scalarOf((*decoder).rate, plain,
		func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }),
}

// scalarType is one of those types, of which t may be one by another name.
func scalarType(t reflect.Type) reflect.Type {
	if _, ok := scalars[t]; ok {
		return t
	}
	return reflect.TypeFor[string]()
}

// scalar reads one value into a field, which stays as it was when something is wrong.
func (d *decoder) scalar(v value, into reflect.Value, f field) {
	if x, ok := scalars[scalarType(into.Type())].read(d, v, f); ok {
		into.Set(reflect.ValueOf(x).Convert(into.Type()))
	}
}

// string reads a text of the kind that the tags say.
func (d *decoder) string(v value, f field) (string, bool) {
	as := f.tag("as")
	switch {
	case f.tag("one") != "":
		return d.oneOf(v, f.words())
	case as == "address":
		return d.address(v, f)
	case as == "variables":
		return d.expanded(v)
	case strings.HasSuffix(as, "file"):
		return d.fileName(v, as)
	}
	return d.text(v)
}

func (d *decoder) integer(v value, f field) (int, bool) {
	want := "a whole number, at least " + f.tag("least")
	least, _ := strconv.Atoi(f.tag("least"))
	most, err := strconv.Atoi(f.tag("most"))
	if err != nil {
		most = math.MaxInt
	} else {
		want = fmt.Sprintf("a whole number from %d to %d", least, most)
	}
	return number(d, v, want, least, most)
}

func (d *decoder) rate(v value, _ field) (float64, bool) {
	return number(d, v, "a number, at least 0", 0, math.MaxFloat64)
}

func number[T int | float64](d *decoder, v value, want string, least, most T) (n T, ok bool) {
	tag := v.tag()
	whole := T(1)/2 == 0 // YAML would cut what is behind the point
	switch {
	case tag != "!!int" && tag != "!!float":
		d.wrongType(v, want)
	case tag == "!!float" && whole || v.node.Decode(&n) != nil || !(n >= least && n <= most):
		d.fail(v.path, "must be %s, is %s", want, v.quote())
	default:
		return n, true
	}
	return 0, false
}

func (d *decoder) boolean(v value, _ field) (b, ok bool) {
	if v.tag() != "!!bool" || v.node.Decode(&b) != nil {
		d.wrongType(v, "true or false")
		return false, false
	}
	return b, true
}

// choice is true or false where neither is the default.
func (d *decoder) choice(v value, f field) (*bool, bool) {
	b, ok := d.boolean(v, f)
	return &b, ok
}

func (d *decoder) secret(v value, _ field) (Secret, bool) {
	text, ok := d.expanded(v)
	d.warnOfSecret(v, text, ok)
	return newSecret(text), ok
}

// text is a text that is not empty and has no control characters, as it stands in
// the file.
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
		d.warnOfQuotes(v)
		return v.node.Value, true
	}
	return "", false
}

func (d *decoder) oneOf(v value, words []string) (string, bool) {
	list := strings.Join(words, ", ")
	if v.tag() != "!!str" {
		d.wrongType(v, "one of "+list)
		return "", false
	}
	if slices.Contains(words, v.node.Value) {
		return v.node.Value, true
	}
	suffix := ""
	if meant := closest(v.node.Value, words); meant != "" {
		suffix = `; did you mean "` + meant + `"?`
	}
	d.fail(v.path, "must be one of %s, is %s%s", list, v.quote(), suffix)
	return "", false
}

// longest is the longest duration that makes sense anywhere; its multiples do not
// overflow.
const longest = 365 * 24 * time.Hour

// duration is a length of time of at least what the tags say, else more than nothing.
func (d *decoder) duration(v value, f field) (time.Duration, bool) {
	least, err := parseDuration(f.tag("least"))
	if err != nil {
		least = time.Millisecond
	}
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
		d.fail(v.path, "%s is not a duration: want for example 30s, 5m or 1h30m "+
			"(units ms, s, m, h, d, w, y, largest first)", v.quote())
	case parsed < least && least == time.Millisecond:
		d.fail(v.path, "must be longer than 0s, is %s", v.quote())
	case parsed < least:
		d.fail(v.path, "must be at least %s, is %s", formatDuration(least), v.quote())
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

func (d *decoder) size(v value, _ field) (Size, bool) {
	const want = "a size such as 64MiB, 64MB or a number of bytes"
	if tag := v.tag(); tag != "!!str" && tag != "!!int" && tag != "!!float" {
		d.wrongType(v, want)
		return 0, false
	}
	n, err := parseSize(v.node.Value)
	switch {
	case err != nil:
		d.fail(v.path, "%s is not a size: want %s", v.quote(), want)
	case n < 1:
		d.fail(v.path, "must be at least 1 byte, is %s", v.quote())
	default:
		return n, true
	}
	return 0, false
}

// The anchors of an expression. The dot matches a line break as well: names are
// whatever their owners chose.
const anchorStart, anchorEnd = "^(?s:", ")$"

func (d *decoder) expression(v value, _ field) (*regexp.Regexp, bool) {
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

const wantURL = "give the address of Enterprise Manager, " +
	"for example https://qem.example.com/attunityenterprisemanager"

// address is the URL of an Enterprise Manager, or of what the page leads to. No message quotes it:
// people put passwords into URLs.
func (d *decoder) address(v value, f field) (string, bool) {
	s, ok := d.expanded(v)
	if !ok {
		return "", false
	}
	want := wantURL
	if example := f.tag("example"); example != "" {
		want = "want for example " + example
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || strings.ContainsAny(s, " \t"):
		d.fail(v.path, "is not a URL: %s", want)
	case u.Scheme != "https" && u.Scheme != "http":
		d.fail(v.path, "must begin with https:// or http://: %s", want)
	case u.User != nil && want != wantURL:
		d.fail(v.path, "must not hold a user or password: %s", want)
	case u.User != nil:
		auth := join(parent(v.path), "auth")
		d.fail(v.path, "must not hold a user or password: give them as %s and %s",
			d.name(join(auth, "username")), d.name(join(auth, "password")))
	case u.Hostname() == "":
		d.fail(v.path, "has no host: %s", want)
	case !d.portOf(v, u): // it says so
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#"):
		d.fail(v.path, "must end with the path, without ? and #: %s", want)
	default:
		return s, true
	}
	return "", false
}

// portOf reports whether there is such a port as the URL has; it may do without.
func (d *decoder) portOf(v value, u *url.URL) bool {
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	if u.Port() == "" || err == nil && n > 0 {
		return true
	}
	d.fail(v.path, "has an impossible port: it must be from 1 to 65535")
	return false
}

// hostOf is the default name of a manager: the host, with its port unless that
// is the scheme's own.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if u.Scheme == "https" {
		return strings.TrimSuffix(u.Host, ":443")
	}
	return strings.TrimSuffix(u.Host, ":80")
}

// proxyAddress is the URL of a proxy. No message quotes it.
func (d *decoder) proxyAddress(v value, _ field) (promconfig.URL, bool) {
	s, ok := d.expanded(v)
	if !ok {
		return promconfig.URL{}, false
	}
	schemes := []string{"http", "https", "socks5", "socks5h"}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme):
		d.fail(v.path, "must be scheme://host:port with one of %s, for example http://proxy.example.com:3128",
			strings.Join(schemes, ", "))
	case d.portOf(v, u):
		return promconfig.URL{URL: u}, true
	}
	return promconfig.URL{}, false
}
