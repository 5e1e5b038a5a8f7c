package exposition

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"
)

// LabelSet is a set of labels in the form that the text formats write: sorted by
// name and escaped once. Make it when an entity is first seen and keep it while
// the entity lives. Equal sets compare equal. The zero LabelSet has no labels.
type LabelSet struct {
	text string // a="1",b="2"; no braces
}

// NewLabelSet makes a set of name, value, name, value… Invalid UTF-8 in a value is
// replaced by U+FFFD. A name that is illegal, reserved or given twice, or lacks its
// value, is a mistake in the program and panics.
func NewLabelSet(nameValues ...string) LabelSet {
	return LabelSet{}.With(nameValues...)
}

// With returns the set with further labels, under the conditions of NewLabelSet.
func (l LabelSet) With(nameValues ...string) LabelSet {
	if len(nameValues)%2 != 0 {
		panic("exposition: label " + nameValues[len(nameValues)-1] + " has no value")
	}
	if len(nameValues) == 0 {
		return l
	}
	pairs := l.pairs()
	for i := 0; i < len(nameValues); i += 2 {
		checkLabelName(nameValues[i])
		value := strings.ToValidUTF8(nameValues[i+1], "\uFFFD")
		pairs = append(pairs, labelPair{name: nameValues[i], value: escapeValue(value)})
	}
	return joinPairs(pairs)
}

// Samples carry their name outside their labels, and names that begin with two
// underscores belong to Prometheus.
func checkLabelName(name string) {
	if !model.LegacyValidation.IsValidLabelName(name) || strings.HasPrefix(name, model.ReservedLabelPrefix) {
		panic("exposition: illegal label name " + name)
	}
}

// union returns the labels of both sets, whose names must differ.
func (l LabelSet) union(other LabelSet) LabelSet {
	if other.text == "" {
		return l
	}
	return joinPairs(append(l.pairs(), other.pairs()...))
}

// names returns the label names in their order.
func (l LabelSet) names() []string {
	var names []string
	for rest := l.text; rest != ""; {
		var pair labelPair
		pair, rest = cutPair(rest)
		names = append(names, pair.name)
	}
	return names
}

// labelPair is one label; its value is escaped.
type labelPair struct{ name, value string }

func (l LabelSet) pairs() []labelPair {
	var pairs []labelPair
	for rest := l.text; rest != ""; {
		var pair labelPair
		pair, rest = cutPair(rest)
		pairs = append(pairs, pair)
	}
	return pairs
}

// cutPair splits the first label off a non-empty label text.
func cutPair(text string) (pair labelPair, rest string) {
	name, text, _ := strings.Cut(text, `="`)
	end := 0
	for text[end] != '"' {
		if text[end] == '\\' {
			end++
		}
		end++
	}
	return labelPair{name, text[:end]}, strings.TrimPrefix(text[end+1:], ",")
}

// joinPairs sorts the pairs and writes them down.
func joinPairs(pairs []labelPair) LabelSet {
	slices.SortFunc(pairs, func(a, b labelPair) int { return strings.Compare(a.name, b.name) })
	size := 0
	for _, pair := range pairs {
		size += len(pair.name) + len(pair.value) + len(`="",`)
	}
	var text strings.Builder
	text.Grow(size - 1) // no comma at the end
	for i, pair := range pairs {
		if i > 0 {
			if pair.name == pairs[i-1].name {
				panic("exposition: label " + pair.name + " is given twice")
			}
			text.WriteByte(',')
		}
		text.WriteString(pair.name)
		text.WriteString(`="`)
		text.WriteString(pair.value)
		text.WriteByte('"')
	}
	return LabelSet{text.String()}
}

// escapeValue escapes as both text formats want a label value, and OpenMetrics a
// help text.
func escapeValue(s string) string {
	if !strings.ContainsAny(s, "\\\n\"") {
		return s
	}
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace(s)
}

// escapeHelp escapes as the text format wants a help text.
func escapeHelp(s string) string {
	if !strings.ContainsAny(s, "\\\n") {
		return s
	}
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(s)
}

// appendUnescaped appends the plain form of an escaped value.
func appendUnescaped(dst []byte, escaped string) []byte {
	for {
		i := strings.IndexByte(escaped, '\\')
		if i < 0 {
			return append(dst, escaped...)
		}
		dst = append(dst, escaped[:i]...)
		if c := escaped[i+1]; c == 'n' {
			dst = append(dst, '\n')
		} else {
			dst = append(dst, c)
		}
		escaped = escaped[i+2:]
	}
}
