package exposition

import (
	"math"
	"strconv"
)

// prepare makes what is the same at every rendering. OpenMetrics knows a counter by its name
// without _total and escapes quotes in a help text.
func (f *tableFamily) prepare() {
	head := func(name, help string) string {
		return "# HELP " + name + " " + help + "\n# TYPE " + name + " " + f.Type.String() + "\n"
	}
	f.text = head(f.Name, escapeHelp(f.Help))
	f.metrics = head(f.baseName(), escapeValue(f.Help))
	f.open, f.bare = f.Name+"{", f.Name+" "
	f.prepareProtobuf()
}

// writeText writes the family in a text format; sample lines are the same in both.
func (s *section) writeText(p *page, head string) {
	if !s.has() {
		return
	}
	p.buf = append(p.buf, head...)
	s.each(func(r *Rows, c *tableColumn, values []float64) bool {
		return s.writeColumn(p, r, c, values)
	}, func(r *Rows, l *Loose) bool {
		p.buf = append(p.buf, s.open...)
		if row := r.labels[l.Row].text; row != "" {
			p.buf = append(append(p.buf, row...), ',')
		}
		p.buf = append(append(p.buf, l.Labels.text...), "} "...)
		p.buf = append(appendNumber(p.buf, l.Value), '\n')
		return p.room()
	})
}

// writeColumn writes a line per sample: name{row,extra} value.
func (s *section) writeColumn(p *page, r *Rows, c *tableColumn, values []float64) bool {
	rows := r.labels[:len(values)]
	buf := p.buf
	for i, value := range values {
		if math.IsNaN(value) {
			continue
		}
		if len(buf) >= pageFull {
			if p.buf = buf; !p.room() {
				return false
			}
			buf = p.buf
		}
		if row := rows[i].text; row == "" {
			buf = append(buf, c.bare...)
		} else {
			buf = append(buf, s.open...)
			buf = append(buf, row...)
			buf = append(buf, c.end...)
		}
		buf = appendNumber(buf, value)
		buf = append(buf, '\n')
	}
	p.buf = buf
	return p.room()
}

// maxExact bounds the integers of which every one is a float64.
const maxExact = 1 << 53

// appendNumber writes a number that is not NaN so that it reads back as the same
// float64, save that a negative zero loses its sign, as it does in expfmt.
func appendNumber(buf []byte, value float64) []byte {
	if value > -maxExact && value < maxExact {
		if integer := int64(value); float64(integer) == value {
			return strconv.AppendInt(buf, integer, 10)
		}
	} else if math.IsInf(value, +1) {
		return append(buf, "+Inf"...)
	}
	return strconv.AppendFloat(buf, value, 'g', -1, 64)
}
