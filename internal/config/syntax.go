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
	s, found := (&outline{}).find(d.lines)
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
	levels []level // that are open, the outermost first
	closed []level // by the last line that had a key
	last   slip    // says of that line that it is in the wrong place
	text   int     // a block of literal text has at least this indentation; 0: none is open
	quote  byte    // that is open, or 0
	flow   int     // brackets that are open
	opened slip    // where quote or bracket was
}

// level is the keys, or the dashes, that stand at one column.
type level struct {
	column int
	dash   bool
	empty  bool // the last one has no value yet: something deeper may follow
}

// find is the first line that does not fit what is above it.
func (o *outline) find(lines []string) (slip, bool) {
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		if s := o.line(line, i+1); s.text != "" {
			return s, true
		}
	}
	return o.opened, o.quote != 0 || o.flow > 0
}

var (
	keyStart  = regexp.MustCompile(`^(?:"[^"]*"|'[^']*'|[^\s"'#\[\]{},&*!|>%@-][^\s:]*):(?:\s|$)`)
	noBlank   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*:[^\s/:]`)
	dashNoGap = regexp.MustCompile(`^-[A-Za-z_]+:(?:\s|$)`)
)

func (o *outline) line(line string, n int) slip {
	at := func(column int, text string) slip { return slip{position{n, column + 1}, text} }
	if o.quote != 0 || o.flow > 0 {
		o.scan(line, n, 0)
		return slip{}
	}
	indent := indentOf(line)
	rest := line[indent:]
	if rest == "" || rest[0] == '#' || strings.HasPrefix(rest, "---") || o.text > 0 && indent >= o.text {
		return slip{}
	}
	o.text = 0
	if r, _ := utf8.DecodeRuneInString(rest); isOddBlank(r) {
		return at(indent, oddBlank(r)+" in the indentation: indent with blanks")
	}
	closed := o.closed
	o.closed = nil
	for strings.HasPrefix(rest, "- ") || rest == "-" {
		if text := o.enter(level{indent, true, true}); text != "" {
			return o.misplaced(at(indent, text), level{indent, true, true}, closed)
		}
		inner := strings.TrimLeft(rest[1:], " ")
		indent, rest = len(line)-len(inner), inner
	}
	key := keyStart.FindString(rest)
	switch r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(rest, "-")); {
	case rest == "" || rest[0] == '#':
		return slip{}
	case isOddBlank(r):
		return at(len(line)-len(rest)+len(rest)-len(strings.TrimPrefix(rest, "-")), oddBlank(r)+": write a blank")
	case dashNoGap.MatchString(rest):
		return at(indent+1, `a blank is missing after the dash`)
	case key == "" && noBlank.MatchString(rest):
		return o.gap(at, line, indent, rest)
	case key == "" && keyNames()[strings.TrimRight(rest, " ")] && indent == indentOf(line):
		return at(indent+len(rest), "a colon is missing after the key")
	case key == "":
		o.scan(line, n, indent)
		return slip{}
	}
	own := level{indent, false, false}
	if text := o.enter(own); text != "" {
		return o.misplaced(at(indent, text), own, closed)
	}
	o.last = at(indent, "this key is in the wrong place: what follows continues what is above it")
	return o.value(at, line, n, indent+len(strings.TrimRight(key, " \t")))
}

// gap is a key whose colon no blank follows.
func (o *outline) gap(at func(int, string) slip, line string, indent int, rest string) slip {
	colon := indent + strings.IndexByte(rest, ':') + 1
	if r, _ := utf8.DecodeRuneInString(line[colon:]); isOddBlank(r) {
		return at(colon, oddBlank(r)+" after the colon: write a blank")
	}
	return at(colon, "a blank is missing after the colon")
}

// value follows what stands behind a key.
func (o *outline) value(at func(int, string) slip, line string, n, from int) slip {
	rest := strings.TrimLeft(line[from:], " \t")
	top := &o.levels[len(o.levels)-1]
	switch {
	case rest == "" || rest[0] == '#' || rest[0] == '&' || rest[0] == '!':
		top.empty = true
	case rest[0] == '|' || rest[0] == '>':
		o.text = top.column + 1
	case strings.IndexByte(`"'[{`, rest[0]) >= 0:
		o.scan(line, n, len(line)-len(rest))
	default:
		text, _, _ := strings.Cut(rest, " #")
		if i := strings.Index(text, ": "); i >= 0 {
			return at(len(line)-len(rest)+i, `a text that holds ": " must be in quotes`)
		}
	}
	return slip{}
}

// enter goes to the level of a key or dash, or says why there is none.
func (o *outline) enter(own level) string {
	left := 0 // the column of the outermost level that ends here
	for i, l := range slices.Backward(o.levels) {
		if l.column > own.column || l.column == own.column && l.dash && !own.dash && o.has(level{own.column, false, false}) {
			o.closed, o.levels, left = append(o.closed, l), o.levels[:i], l.column
		}
	}
	if len(o.levels) == 0 {
		o.levels = append(o.levels, own)
		return ""
	}
	top := &o.levels[len(o.levels)-1]
	switch {
	case top.column == own.column && top.dash == own.dash:
		top.empty = own.empty
		return ""
	case top.column == own.column && top.dash:
		return `"- " is missing here, or the key is in the wrong place`
	case left > 0 && top.column < own.column:
		return fmt.Sprintf("is indented by %d, but what it belongs to by %d or %d", own.column, top.column, left)
	case !top.empty:
		return "is indented more than the key above it, which has its value already"
	}
	o.levels = append(o.levels, own)
	return ""
}

func (o *outline) has(own level) bool {
	return slices.ContainsFunc(o.levels, func(l level) bool { return l.column == own.column && l.dash == own.dash })
}

// misplaced blames the line before when this one continues what that one ended.
func (o *outline) misplaced(own slip, l level, closed []level) slip {
	if slices.ContainsFunc(closed, func(c level) bool { return c.column == l.column && c.dash == l.dash }) {
		return o.last
	}
	return own
}

// scan follows quotes and brackets from a column on.
func (o *outline) scan(line string, n, from int) {
	for i := from; i < len(line); i++ {
		switch c := line[i]; {
		case o.quote == '"' && c == '\\':
			i++
		case o.quote != 0:
			if c == o.quote {
				o.quote = 0
			}
		case c == '#' && i > 0 && line[i-1] == ' ':
			return
		case (c == '"' || c == '\'') && (i == from || strings.IndexByte(" ,[{:", line[i-1]) >= 0):
			o.quote = c
			if o.flow == 0 {
				o.opened = slip{position{n, i + 1}, "this quote is not closed"}
			}
		case c == '[' || c == '{':
			if o.flow == 0 {
				o.opened = slip{position{n, i + 1}, "this bracket is not closed"}
			}
			o.flow++
		case c == ']' || c == '}':
			o.flow--
		}
	}
}

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

func keyNames() map[string]bool {
	names := map[string]bool{}
	for _, k := range keysOf(fileType(), "") {
		names[k.name] = true
	}
	return names
}

// hideValues is a line of a file with what could be a credential left out, and as
// many blanks as there are before the byte at of it.
func hideValues(line string, at int) (shown, blanks string) {
	names := keyNames()
	const dots = "…"
	end := 0 // of what is shown as it is
	for _, m := range someKey.FindAllStringSubmatchIndex(line, -1) {
		name := line[m[2]:m[3]]
		if !names[name] || strings.Trim(line[end:m[0]], " -{,\"'\u00a0\t") != "" && !quotable.MatchString(line[end:m[0]]) {
			break
		}
		end = m[1]
		if secretKey.MatchString(name) {
			break
		}
	}
	if end == 0 {
		end = len(line) - len(strings.TrimLeft(line, " -\t\u00a0"))
	}
	shown = line[:end]
	if rest := strings.TrimRight(line[end:], "\r"); strings.TrimSpace(rest) != "" {
		last := someKey.FindAllString(line[:end], -1)
		if len(last) > 0 && !secretKey.MatchString(last[len(last)-1]) && quotable.MatchString(rest) {
			shown = line[:end] + rest
		} else {
			shown = line[:end] + " " + dots
		}
	}
	shown = strings.ReplaceAll(shown, "\t", " ")
	return shown, strings.Repeat(" ", min(utf8.RuneCountInString(line[:at]), utf8.RuneCountInString(shown)))
}
