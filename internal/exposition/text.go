package exposition

import (
	"math"
	"strconv"
)

// textHead returns the comment lines of the text format.
func (f *Family) textHead() string {
	return "# HELP " + f.Name + " " + escapeHelp(f.Help) + "\n# TYPE " + f.Name + " " + f.Type.String() + "\n"
}

// openMetricsHead returns the comment lines of OpenMetrics, which knows a counter
// by its name without _total and escapes quotes in a help text.
func (f *Family) openMetricsHead() string {
	name := f.baseName()
	return "# HELP " + name + " " + escapeValue(f.Help) + "\n# TYPE " + name + " " + f.Type.String() + "\n"
}

// writeText writes the family in a text format; sample lines are the same in both.
func (f *family) writeText(p *page, head string) {
	p.buf = append(p.buf, head...)
	for i := range f.columns {
		f.columns[i].writeText(p, f.Name)
		if p.err != nil {
			return
		}
	}
}

// writeText writes a line per sample: name{row,extra} value.
func (c *column) writeText(p *page, name string) {
	bare, open, end := name+" ", name+"{", "} "
	if c.extra.text != "" {
		bare, end = name+"{"+c.extra.text+"} ", ","+c.extra.text+"} "
	}
	rows := c.rows.labels[:len(c.values)]
	buf := p.buf
	for i, value := range c.values {
		if math.IsNaN(value) {
			continue
		}
		if len(buf) >= pageFull {
			p.buf = buf
			p.flush()
			if p.err != nil {
				return
			}
			buf = p.buf
		}
		if row := rows[i].text; row == "" {
			buf = append(buf, bare...)
		} else {
			buf = append(buf, open...)
			buf = append(buf, row...)
			buf = append(buf, end...)
		}
		buf = appendNumber(buf, value)
		buf = append(buf, '\n')
	}
	p.buf = buf
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
