package config

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The YAML parser says of most slips where the structure around them began, or
// where it could not go on. When it has refused a file, the slip itself is looked
// for line by line.

// slip is where a file stops being YAML, and why.
type slip struct {
	position // column counts bytes, from 1
	text     string
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntaxError tells where the file is not YAML, with the line and a caret.
func (d *decoder) syntaxError(err error, data []byte) error {
	s, found := unreadable(d.lines)
	if !found {
		s, found = (&outline{}).find(d.lines)
	}
	if !found {
		s = d.parserSlip(err.Error(), data)
	}
	if s.line == 0 {
		return fmt.Errorf("%s: not valid YAML: %s", d.file, s.text)
	}
	line, before := hideValues(d.line(s.line), s.column-1)
	return fmt.Errorf("%s:%d:%d: not valid YAML: %s\n    %s\n    %s^", d.file, s.line,
		utf8.RuneCountInString(d.line(s.line)[:s.column-1])+1, s.text, line, before)
}

// unreadable is the first character that no text has.
func unreadable(lines []string) (slip, bool) {
	for n, line := range lines {
		for i, r := range strings.TrimSuffix(line, "\r") {
			switch {
			case r == utf8.RuneError:
				return slip{position{n + 1, i + 1}, "a character that is not UTF-8: save the file as UTF-8"}, true
			case unicode.IsControl(r) && r != '\t':
				return slip{position{n + 1, i + 1}, fmt.Sprintf("a control character (U+%04X)", r)}, true
			}
		}
	}
	return slip{}, false
}

// parserSlip is what the parser says, where its line is right.
func (d *decoder) parserSlip(text string, data []byte) slip {
	match := yamlLine.FindStringSubmatch(text)
	text = text[len(match[0]):]
	line, _ := strconv.Atoi(match[1])
	mark := ""
	switch {
	case strings.HasPrefix(text, "unknown anchor"):
		mark = "*" + strings.TrimSuffix(strings.TrimPrefix(text, "unknown anchor '"), "' referenced")
		before, _, _ := bytes.Cut(data, []byte(mark))
		line = bytes.Count(before, []byte("\n")) + 1
		text = "unknown anchor: a value that begins with * must be in quotes"
	case strings.Contains(text, "unknown escape character"):
		mark = unknownEscape.FindString(d.line(line))
		text += `: in double quotes a backslash is written \\, in single quotes \`
	case strings.Contains(text, "cannot start any token"):
		mark = reserved.FindString(d.line(line))
		text += ": indent with spaces, and quote values that begin with @, ` or %"
	}
	return slip{position{line, max(strings.Index(d.line(line), mark), indentOf(d.line(line))) + 1}, text}
}

var (
	unknownEscape = regexp.MustCompile(`\\[^0abt\tnvfre "/\\N_LPxuU]`)
	reserved      = regexp.MustCompile("[@`%]")
)

// outline follows the structure of a file in block style by its indentation.
type outline struct {
	n      int     // of the line
	step   int     // by which the file is mostly indented
	levels []level // that are open, the outermost first
	before []level // that were open before the last line that had a key or dash
	last   slip    // says of that line that it is in the wrong place
	first  slip    // says it of the first such line
	text   int     // a block of literal text has at least this indentation; 0: none is open
	flow   int     // brackets that are open
	opened slip    // where the first of them was
}

// level is the keys, or the dashes, that stand at one column.
type level struct {
	column int
	dash   bool
	empty  bool // the last one has no value yet: something deeper may follow
}

// find is the first line that does not fit what is above it.
func (o *outline) find(lines []string) (slip, bool) {
	o.step = usualStep(lines)
	for i, line := range lines {
		o.n = i + 1
		if s := o.line(strings.TrimRight(line, "\r")); s.text != "" {
			return s, true
		}
	}
	return o.opened, o.flow > 0
}

// at is a slip in the line.
func (o *outline) at(column int, text string) slip { return slip{position{o.n, column + 1}, text} }

// usualStep is by how much lines are mostly indented more than the one above.
func usualStep(lines []string) int {
	steps, last := map[int]int{}, 0
	for _, line := range lines {
		if indent := indentOf(line); indent < len(line) {
			steps[indent-last]++
			last = indent
		}
	}
	usual := 2
	for step, n := range steps {
		if step > 0 && n > steps[usual] {
			usual = step
		}
	}
	return usual
}

var (
	keyStart  = regexp.MustCompile(`^(?:"[^"]*"|'[^']*'|[^\s"'#\[\]{},&*!|>%@-][^\s:]*):(?:\s|$)`)
	noBlank   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*:[^\s/:]`)
	dashNoGap = regexp.MustCompile(`^-[A-Za-z_]+:(?:\s|$)`)
)

func (o *outline) line(line string) slip {
	if o.flow > 0 {
		return o.scan(line, 0)
	}
	indent := indentOf(line)
	rest := line[indent:]
	if rest == "" || rest[0] == '#' || strings.HasPrefix(rest, "---") || o.text > 0 && indent >= o.text {
		return slip{}
	}
	o.text = 0
	if r, _ := utf8.DecodeRuneInString(rest); isOddBlank(r) {
		return o.at(indent, oddBlank(r)+" in the indentation: indent with blanks")
	}
	start := o.at(indent, "is in the wrong place, or indented wrongly: what follows does not belong to it")
	before := slices.Clone(o.levels)
	if o.first.text == "" {
		o.first = start
	}
	for strings.HasPrefix(rest, "- ") || rest == "-" {
		if s := o.enter(level{indent, true, true}); s.text != "" {
			return s
		}
		inner := strings.TrimLeft(rest[1:], " ")
		indent, rest = len(line)-len(inner), inner
	}
	key := keyStart.FindString(rest)
	word, _, _ := strings.Cut(rest, " ")
	switch r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(rest, "-")); {
	case rest == "" || rest[0] == '#':
		o.before, o.last = before, start
		return slip{}
	case isOddBlank(r):
		return o.at(len(line)-len(strings.TrimPrefix(rest, "-")), oddBlank(r)+": write a blank")
	case dashNoGap.MatchString(rest):
		return o.at(indent+1, `a blank is missing after the dash`)
	case key == "" && noBlank.MatchString(rest):
		colon := indent + strings.IndexByte(rest, ':') + 1
		if r, _ := utf8.DecodeRuneInString(line[colon:]); isOddBlank(r) {
			return o.at(colon, oddBlank(r)+" after the colon: write a blank")
		}
		return o.at(colon, "a blank is missing after the colon")
	case key == "" && keyNames()[word]:
		return o.at(indent+len(word), "a colon is missing after the key")
	case key == "":
		o.before, o.last = before, start
		return o.scan(line, indent)
	}
	if s := o.enter(level{indent, false, false}); s.text != "" {
		return s
	}
	o.before, o.last = before, start
	return o.value(line, indent+len(strings.TrimRight(key, " \t")))
}

// value follows what stands behind a key.
func (o *outline) value(line string, from int) slip {
	rest := strings.TrimLeft(line[from:], " \t")
	top := &o.levels[len(o.levels)-1]
	switch {
	case rest == "" || rest[0] == '#' || rest[0] == '&' || rest[0] == '!':
		top.empty = true
	case rest[0] == '|' || rest[0] == '>':
		o.text = top.column + 1
	case strings.IndexByte(`"'[{`, rest[0]) >= 0:
		return o.scan(line, len(line)-len(rest))
	default:
		text, _, _ := strings.Cut(rest, " #")
		if i := strings.Index(text, ": "); i >= 0 {
			return o.at(len(line)-len(rest)+i, `a text that holds ": " must be in quotes`)
		}
	}
	return slip{}
}

// enter goes to the level of a key or dash, or says why there is none. It blames the
// line above where this one would have fitted without it.
func (o *outline) enter(own level) slip {
	left := 0 // the column of the outermost level that ends here
	for i, l := range slices.Backward(o.levels) {
		if l.ends(own, o.levels) {
			o.levels, left = o.levels[:i], l.column
		}
	}
	if len(o.levels) == 0 {
		o.levels = append(o.levels, own)
		if left > 0 {
			return o.first
		}
		return slip{}
	}
	top := &o.levels[len(o.levels)-1]
	var text string
	switch {
	case top.column == own.column && top.dash == own.dash:
		top.empty = own.empty
		return slip{}
	case top.column == own.column && top.dash:
		return o.at(own.column, `"- " is missing here, or the key is in the wrong place`)
	case left > 0 && top.column < own.column:
		text = fmt.Sprintf("is indented by %d, but what it belongs to by %d or %d", own.column, top.column, left)
	case !top.empty:
		text = "is indented more than the key above it, which has its value already"
	default:
		o.levels = append(o.levels, own)
		return slip{}
	}
	for _, inner := range []int{0, 2, o.step} { // from the dash that may be missing
		if o.fitted(level{own.column - inner, own.dash || inner > 0, true}) {
			return o.last
		}
	}
	return o.at(own.column, text)
}

// ends reports whether a level is over where another key or dash begins.
func (l level) ends(own level, levels []level) bool {
	return l.column > own.column || l.column == own.column && l.dash && !own.dash &&
		slices.ContainsFunc(levels, func(o level) bool { return o.column == own.column && !o.dash })
}

// fitted reports whether a key or dash would have gone well with what was there before
// the last line.
func (o *outline) fitted(own level) bool {
	for i, l := range slices.Backward(o.before) {
		switch {
		case l.ends(own, o.before):
		case l.column == own.column && l.dash == own.dash:
			return true
		default:
			return i == len(o.before)-1 && l.empty && own.column == l.column+o.step
		}
	}
	return false
}

// scan follows quotes and brackets from a column on. A quote that the line does not
// close is taken for the slip: hardly anybody breaks lines within quotes.
func (o *outline) scan(line string, from int) slip {
	var quote byte
	opened := 0
	for i := from; i < len(line); i++ {
		switch c := line[i]; {
		case quote == '"' && c == '\\':
			i++
		case quote == '\'' && strings.HasPrefix(line[i:], "''"):
			i++
		case quote != 0 && c != quote:
		case quote != 0 && i+1 < len(line) && strings.IndexByte(" ,]}:\r", line[i+1]) < 0:
			return o.at(opened, notClosed) // but by the next one that opens
		case quote != 0:
			quote = 0
		case c == '#' && i > 0 && line[i-1] == ' ':
			return slip{}
		case (c == '"' || c == '\'') && (i == from || strings.IndexByte(" ,[{:", line[i-1]) >= 0):
			quote, opened = c, i
		case c == '[' || c == '{':
			if o.flow == 0 {
				o.opened = o.at(i, "this bracket is not closed")
			}
			o.flow++
		case c == ']' || c == '}':
			o.flow--
		}
	}
	if quote != 0 {
		return o.at(opened, notClosed)
	}
	return slip{}
}

const notClosed = "this quote is not closed"

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// isOddBlank tells what looks like a blank and is none to YAML.
func isOddBlank(r rune) bool {
	return r != ' ' && (unicode.IsSpace(r) || unicode.Is(unicode.Cf, r))
}

func oddBlank(r rune) string {
	if r == '\t' {
		return "a tab"
	}
	return fmt.Sprintf("a no-break space or the like (U+%04X)", r)
}

var (
	secretKey = regexp.MustCompile(`(?i)pass|token|secret|proxy_url|values|header`)
	quotable  = regexp.MustCompile(`^["'\[{ ]*(https?://)?[A-Za-z0-9_./\\*-]*["'\]}, ]*(#.*)?$`)
	someKey   = regexp.MustCompile(`([A-Za-z_]+)(["']?:)`)
)

// maxQuoted is how much of a line is quoted.
const maxQuoted = 160

func keyNames() map[string]bool {
	names := map[string]bool{}
	for _, k := range keysOf(fileType()) {
		names[k.name] = true
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
		name := line[m[2]:m[3]]
		if !names[name] || strings.Trim(line[end:m[0]], " -{,\"'\u00a0\t") != "" && !quotable.MatchString(line[end:m[0]]) {
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
