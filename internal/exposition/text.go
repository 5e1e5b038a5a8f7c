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

// writeText writes the family in a text format; sample lines, name{row,extra} value, are the same in both.
func (s *section) writeText(p *page, head string) {
	var scratch [256]byte
	begun := false
	for r := range s.runs {
		buf := p.buf // one of this round, which stays in registers
		if !begun {
			buf, begun = append(buf, head...), true
		}
		tail, extra := scratch[:0], r.extra.text // tail is what stands behind a row's labels
		if extra != "" {
			tail = append(append(tail, ','), extra...)
		}
		tail = append(tail, "} "...)
		rows := r.rows.labels[r.first:]
		for i, value := range r.values {
			if math.IsNaN(value) {
				continue
			}
			buf = p.room(buf)
			switch row := rows[i].text; {
			case row != "":
				buf = append(append(append(buf, s.open...), row...), tail...)
			case extra != "":
				buf = append(append(append(buf, s.open...), extra...), "} "...)
			default:
				buf = append(buf, s.bare...)
			}
			buf = append(appendNumber(buf, value), '\n')
		}
		p.buf = buf
	}
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
	}
	return strconv.AppendFloat(buf, value, 'g', -1, 64)
}
