package aemtest

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// writer appends JSON to a buffer, in a shape.
type writer struct {
	b      []byte
	shape  Shape
	quoted bool // numbers and booleans in quotes
}

func newWriter(b []byte, shape Shape) writer {
	if shape == Legacy {
		b = append(b, "\ufeff"...)
	}
	return writer{b: b, shape: shape, quoted: shape == Guide}
}

// comma separates what follows from what stands before it.
func (w *writer) comma() {
	if n := len(w.b); n > 0 {
		if last := w.b[n-1]; last != '{' && last != '[' && last != ':' {
			if last != 0xBF { // the end of a byte order mark; an escaped text ends in a quote
				w.b = append(w.b, ',')
			}
		}
	}
}

// key starts a member. Keys are plain ASCII.
func (w *writer) key(k string) {
	w.comma()
	w.b = append(w.b, '"')
	w.b = append(w.b, k...)
	w.b = append(w.b, '"', ':')
}

// open starts an object, as an element or after a key.
func (w *writer) open() {
	w.comma()
	w.b = append(w.b, '{')
}

func (w *writer) close() { w.b = append(w.b, '}') }

// object starts an object that is a member.
func (w *writer) object(k string) {
	w.key(k)
	w.b = append(w.b, '{')
}

// list starts an array that is a member.
func (w *writer) list(k string) {
	w.key(k)
	w.b = append(w.b, '[')
}

func (w *writer) endList() { w.b = append(w.b, ']') }

func (w *writer) str(k, v string) {
	w.key(k)
	w.text(v)
}

func (w *writer) null(k string) {
	w.key(k)
	w.b = append(w.b, "null"...)
}

func (w *writer) num(k string, v int64) {
	if w.quoted {
		w.quotedNum(k, v)
		return
	}
	w.bare(k, v)
}

// bare writes a number that no shape quotes.
func (w *writer) bare(k string, v int64) {
	w.key(k)
	w.b = strconv.AppendInt(w.b, v, 10)
}

func (w *writer) quotedNum(k string, v int64) {
	w.key(k)
	w.b = append(w.b, '"')
	w.b = strconv.AppendInt(w.b, v, 10)
	w.b = append(w.b, '"')
}

func (w *writer) boolean(k string, v bool) {
	w.key(k)
	if w.quoted {
		w.b = append(w.b, '"')
		w.b = strconv.AppendBool(w.b, v)
		w.b = append(w.b, '"')
		return
	}
	w.b = strconv.AppendBool(w.b, v)
}

// when writes a time in UTC, or what the shape has for none.
func (w *writer) when(k string, t time.Time) {
	switch {
	case t.IsZero() && w.shape == Guide:
		w.str(k, "")
		return
	case t.IsZero():
		w.null(k)
		return
	}
	w.key(k)
	w.b = append(w.b, '"')
	year, month, day := t.Date()
	w.digits(year, 4)
	w.b = append(w.b, '-')
	w.digits(int(month), 2)
	w.b = append(w.b, '-')
	w.digits(day, 2)
	if w.shape == Legacy {
		w.b = append(w.b, ' ')
	} else {
		w.b = append(w.b, 'T')
	}
	hour, minute, second := t.Clock()
	w.clock(hour, minute, second)
	w.b = append(w.b, '"')
}

// date writes a date.
func (w *writer) date(k string, t time.Time) {
	if t.IsZero() {
		w.when(k, t)
		return
	}
	w.key(k)
	w.b = append(w.b, '"')
	w.b = t.AppendFormat(w.b, time.DateOnly)
	w.b = append(w.b, '"')
}

// span writes a duration as hh:mm:ss. Hours go on counting beyond 24, except in
// the Legacy shape, which has days as .NET does.
func (w *writer) span(k string, d time.Duration) {
	w.key(k)
	w.b = append(w.b, '"')
	seconds := int64(d / time.Second)
	hours := seconds / 3600
	if w.shape == Legacy && hours >= 24 {
		w.b = strconv.AppendInt(w.b, hours/24, 10)
		w.b = append(w.b, '.')
		hours %= 24
	}
	w.clock(int(hours), int(seconds/60%60), int(seconds%60))
	w.b = append(w.b, '"')
}

func (w *writer) clock(h, m, s int) {
	w.digits(h, 2)
	w.b = append(w.b, ':')
	w.digits(m, 2)
	w.b = append(w.b, ':')
	w.digits(s, 2)
}

// digits writes a number with at least width digits (2 or 4).
func (w *writer) digits(v, width int) {
	if width == 4 && v < 1000 {
		w.b = append(w.b, '0')
		width = 3
	}
	if width == 3 && v < 100 {
		w.b = append(w.b, '0')
	}
	if v < 10 {
		w.b = append(w.b, '0')
	}
	w.b = strconv.AppendInt(w.b, int64(v), 10)
}

// strings writes a list of texts.
func (w *writer) strings(k string, list []string) {
	w.list(k)
	for _, v := range list {
		w.comma()
		w.text(v)
	}
	w.endList()
}

// text writes a JSON string.
func (w *writer) text(v string) {
	const hex = "0123456789abcdef"
	b := append(w.b, '"')
	start := 0
	for i := 0; i < len(v); {
		c := v[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(v[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, v[start:i]...)
				b = append(b, `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, v[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	b = append(b, v[start:]...)
	w.b = append(b, '"')
}
