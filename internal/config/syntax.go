package config

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// The YAML parser says of most slips where the structure around them began, or
// where it could not go on. When it has refused a file, it is asked again, with fewer
// lines, which of them it is that it stumbles over; what is wrong there, the line tells.

// flowLine is what the parser says of brackets, with the line in which they open.
var flowLine = regexp.MustCompile(`line (\d+): did not find expected ',' or`)

// syntaxError tells where the file is not YAML, with the line and a caret.
func (d *decoder) syntaxError(err error) error {
	at, text := d.unreadable()
	if text == "" {
		first := readable(d.lines)
		if first == len(d.lines) { // the parser reads another encoding
			return fmt.Errorf("%s: not valid YAML: save the file as UTF-8", d.file)
		}
		if inner := flowLine.FindStringSubmatch(err.Error()); inner != nil {
			n, _ := strconv.Atoi(inner[1])
			first = max(first, min(n, len(d.lines)-1)) // it counts from 0 here
		}
		at, text = d.unstructured(first, err)
	}
	line, before := hideValues(d.line(at.line), at.column)
	return fmt.Errorf("%s:%d:%d: not valid YAML: %s\n    %s\n    %s^", d.file, at.line,
		utf8.RuneCountInString(d.line(at.line)[:at.column])+1, text, line, before)
}

// unreadable is the first character that no text has, or that looks like a blank and is
// none to YAML. Here and below, columns count bytes from 0.
func (d *decoder) unreadable() (position, string) {
	for n, line := range d.lines {
		if at, text := find(oddBlanks, line, ""); text != "" {
			return position{n + 1, at}, text
		}
		for i, r := range strings.TrimSuffix(line, "\r") {
			switch {
			case r == utf8.RuneError:
				return position{n + 1, i}, "a character that is not UTF-8: save the file as UTF-8"
			case unicode.IsControl(r) && r != '\t':
				return position{n + 1, i}, fmt.Sprintf("a control character (U+%04X)", r)
			}
		}
	}
	return position{}, ""
}

// unstructured is what keeps the lines from being read: a slip in the first one that cannot be
// or in the one above it, which got by; else that one of them begins in the wrong column.
func (d *decoder) unstructured(first int, err error) (position, string) {
	above := d.next(first, -1)
	for _, n := range []int{first, above} {
		if at, text := find(slips, d.line(n+1), ""); text != "" {
			return position{n + 1, at}, text
		}
	}
	if at, text := find(refused, d.lines[first], err.Error()); text != "" {
		return position{first + 1, at}, text
	}
	n := first
	if top := d.next(-1, 1); d.begin(top).indent > d.begin(first).indent {
		n = top
	} else if above >= 0 && d.aboveIsMisplaced(above, first) {
		n = above
	}
	return position{n + 1, d.begin(n).indent}, d.misplaced(n)
}

// next is the next line, upwards or downwards, that says something.
func (d *decoder) next(n, step int) int {
	for n += step; n >= 0 && n < len(d.lines) && len(d.begin(n).columns) == 0; {
		n += step
	}
	return n
}

// parse is why lines are not YAML, or are what nobody means: a list that is the rest of a text.
func parse(lines []string) error {
	documents := yaml.NewDecoder(strings.NewReader(strings.Join(lines, "\n") + "\n"))
	for {
		var n yaml.Node
		if err := documents.Decode(&n); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if swallowsList(&n, lines) {
			return errors.New("a list is the rest of a text")
		}
	}
}

func swallowsList(n *yaml.Node, lines []string) bool {
	return n.Kind == yaml.ScalarNode && n.Style == 0 && strings.Contains(n.Value, " - ") &&
		!strings.Contains(lines[n.Line-1], n.Value) ||
		slices.ContainsFunc(n.Content, func(inner *yaml.Node) bool { return swallowsList(inner, lines) })
}

// longestText is over how many lines brackets and quotes are expected to reach.
const longestText = 50

// readable is how many lines are YAML, from the first one on.
func readable(lines []string) int {
	for good := 0; ; {
		good += sort.Search(len(lines)-good, func(n int) bool { return parse(lines[:good+n+1]) != nil })
		if good == len(lines) || !strings.ContainsAny(lines[good], "\"'[{") {
			return good
		}
		// What this line opens may be closed below.
		last := min(good+longestText, len(lines))
		closed := good + 2
		for closed <= last && parse(lines[:closed]) != nil {
			closed++
		}
		if closed > last {
			return good
		}
		good = closed
	}
}

// slip is something that a line can have and YAML does not.
type slip struct {
	pattern *regexp.Regexp // its one group is where
	text    string
	parser  string // what the parser says then
}

const (
	keyName    = `["']?[A-Za-z_][A-Za-z0-9_-]*["']?`
	oddBlank   = `[\x{85}\x{A0}\x{1680}\x{2000}-\x{200F}\x{2028}-\x{202F}\x{205F}-\x{2064}\x{3000}\x{FEFF}]`
	tokenStart = `^[^#]*?(?:^|[ ,\[{])` // before any comment
)

const openBracket = "this bracket is not closed, or a comma is missing in it"

var (
	oddBlanks = []slip{
		{regexp.MustCompile(`^ *(\t|` + oddBlank + `)`), "BLANK in the indentation: indent with blanks", ""},
		{regexp.MustCompile(`^[ -]*` + keyName + `:(` + oddBlank + `)`), "BLANK after the colon: write a blank", ""},
		{regexp.MustCompile(`^[ -]*-(\t|` + oddBlank + `)`), "BLANK: write a blank", ""},
	}
	slips = []slip{
		{regexp.MustCompile(`^ *-(` + keyName + `:)(?:\s|$)`), "a blank is missing after the dash", ""},
		{regexp.MustCompile(`^[ -]*` + keyName + `:([^\s/:])`), "a blank is missing after the colon", ""},
		{regexp.MustCompile(`^[ -]*(?:` + strings.Join(keyNames(), "|") + `)( .*|)$`),
			"a colon is missing after the key", ""},
		{regexp.MustCompile(tokenStart + `("(?:[^"\\]|\\.)*|'[^']*)$`), "this quote is not closed", ""},
		{regexp.MustCompile(tokenStart + `("(?:[^"\\]|\\.)*"|'[^']*')[^\s,\]}:]`), "this quote is not closed", ""},
		{regexp.MustCompile(`^[ -]*` + keyName + `: +[^\s"'\[{&*|>!#][^#]*?(: )`),
			`a text that holds ": " must be in quotes`, ""},
	}
	refused = []slip{
		{regexp.MustCompile(tokenStart + `(\*)`),
			"unknown anchor: a value that begins with * must be in quotes", "unknown anchor"},
		{regexp.MustCompile(`(\\[^0abt\tnvfre "/\\N_LPxuU])`),
			`found unknown escape character: in double quotes a backslash is written \\, in single quotes \`,
			"unknown escape character"},
		{regexp.MustCompile(tokenStart + "([@`%])"),
			"found character that cannot start any token: indent with spaces, " +
				"and quote values that begin with @, ` or %",
			"cannot start any token"},
		{regexp.MustCompile(`^[^#]*?([\[{])`), openBracket, "did not find expected ',' or"},
		{regexp.MustCompile(`^[^#]*?([\[{])`), openBracket, "did not find expected node content"},
	}
)

// find finds the first of some slips in a line of which the parser says something.
func find(slips []slip, line, parser string) (at int, text string) {
	line = strings.TrimRight(line, "\r")
	for _, s := range slips {
		at := s.pattern.FindStringSubmatchIndex(line)
		if at == nil || !strings.Contains(parser, s.parser) {
			continue
		}
		r, _ := utf8.DecodeRuneInString(line[at[2]:])
		blank := fmt.Sprintf("a no-break space or the like (U+%04X)", r)
		if r == '\t' {
			blank = "a tab"
		}
		return at[2], strings.Replace(s.text, "BLANK", blank, 1)
	}
	return 0, ""
}

// beginning is that of a line.
type beginning struct {
	indent  int
	columns []int // of its dashes and its key or text
	dash    bool
	opens   bool // it is a key without a value, so that something deeper may follow
}

func (d *decoder) begin(n int) beginning {
	line := strings.TrimRight(d.line(n+1), " \r")
	b := beginning{indent: indentOf(line), opens: strings.HasSuffix(line, ":")}
	for rest := line; ; rest = rest[1:] {
		rest = strings.TrimLeft(rest, " ")
		if rest == "" || rest[0] == '#' {
			return b
		}
		b.columns = append(b.columns, len(line)-len(rest))
		if rest[0] != '-' {
			return b
		}
		b.dash = true
	}
}

// aboveIsMisplaced reports whether the line above one got by in the wrong column, and it is right itself,
// by what is above and below both. An odd column is the likelier slip.
func (d *decoder) aboveIsMisplaced(above, line int) bool {
	outer, before, own, next := d.begin(d.next(above, -1)), d.begin(above), d.begin(line), d.begin(d.next(line, 1))
	fits := func(column int) bool {
		return slices.Contains(outer.columns, column) || outer.opens && column == slices.Max(outer.columns)+2
	}
	deeper := own.indent > before.indent
	switch {
	case before.indent%2 != own.indent%2:
		return before.indent%2 == 1
	case own.indent == before.indent:
		return own.dash && !before.dash
	case deeper && !own.opens && next.indent == own.indent && next.dash == own.dash: // they belong together
		return true
	case deeper && next.indent == before.indent && next.dash && !before.dash: // so should it have one
		return true
	case fits(own.indent) != fits(before.indent):
		return fits(own.indent)
	}
	return deeper
}

// misplaced is what is wrong with the column of a line, by where keys and dashes begin above it,
// up to the line to which they belong.
func (d *decoder) misplaced(n int) string {
	own, less, more := d.begin(n), -1, -1
	for i := n - 1; i >= 0 && less < 0; i-- {
		b := d.begin(i)
		for _, column := range b.columns {
			switch {
			case column > own.indent && (more < 0 || column < more):
				more = column
			case column < own.indent:
				less = column
			case column == own.indent && b.dash && column == b.indent && !own.dash:
				return `"- " is missing here, or the key is in the wrong place`
			case column == own.indent:
				return "is in the wrong place, or indented wrongly: what follows does not belong to it"
			}
		}
	}
	switch {
	case less < 0:
		return "is in the wrong place, or indented wrongly: what follows does not belong to it"
	case more < 0:
		return "is indented more than the key above it, which has its value already"
	}
	return fmt.Sprintf("is indented by %d, but what it belongs to by %d or %d", own.indent, less, more)
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

var (
	secretKey = regexp.MustCompile(`(?i)pass|token|secret|proxy_url|values|header`)
	quotable  = regexp.MustCompile(`^["'\[{ ]*(https?://)?[A-Za-z0-9_./\\*-]*["'\]}, ]*(#.*)?$`)
	someKey   = regexp.MustCompile(`([A-Za-z_]+)(["']?:)`)
)

// maxQuoted is how much of a line is quoted.
const maxQuoted = 160

func keyNames() []string {
	var names []string
	for _, k := range keysOf(fileType()) {
		names = append(names, k.name)
	}
	return names
}

// hideValues is a line of a file with what could be a credential left out, and as
// many blanks as there are before the byte at of it.
func hideValues(line string, at int) (shown, blanks string) {
	names := keyNames()
	const dots = "…"
	end, secret := 0, true // what is shown as it is, and whether it ends with the key of a secret
	for _, m := range someKey.FindAllStringSubmatchIndex(line, -1) {
		name, before := line[m[2]:m[3]], line[end:m[0]]
		if !slices.Contains(names, name) ||
			strings.Trim(before, " -{,\"'\u00a0\t") != "" && !quotable.MatchString(before) {
			break
		}
		if end, secret = m[1], secretKey.MatchString(name); secret {
			break
		}
	}
	if end == 0 {
		end = len(line) - len(strings.TrimLeft(line, " -\t\u00a0"))
	}
	shown = line[:end]
	switch rest := strings.TrimRight(line[end:], "\r"); {
	case strings.TrimSpace(rest) == "":
	case !secret && quotable.MatchString(rest):
		shown += rest
	default:
		shown += " " + dots
	}
	shown = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, shown)
	if r := []rune(shown); len(r) > maxQuoted {
		shown = string(r[:maxQuoted]) + dots
	}
	return shown, strings.Repeat(" ", min(utf8.RuneCountInString(line[:at]), utf8.RuneCountInString(shown)))
}
