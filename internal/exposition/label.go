package exposition

import (
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
)

// LabelSet is labels in the form that the text formats write, escaped once. Make it when an entity
// is first seen and keep it while the entity lives. Equal sets of a Table compare equal.
// The zero LabelSet has no labels.
type LabelSet struct {
	text string // a="1",b="2"; no braces
}

// labelNames are the names of a LabelSet with all that stands before its values.
type labelNames []string

// newLabelNames panics for names that are wrong: samples carry their name outside their labels, and
// names that begin with two underscores belong to Prometheus.
func newLabelNames(names []string) labelNames {
	var before labelNames
	for i, name := range names {
		if !model.LegacyValidation.IsValidLabelName(name) || strings.HasPrefix(name, model.ReservedLabelPrefix) {
			panic("exposition: illegal label name " + name)
		}
		if slices.Contains(names[:i], name) {
			panic("exposition: label " + name + " is given twice")
		}
		before = append(before, strings.Repeat(",", min(i, 1))+name+`="`)
	}
	return before
}

// set makes a LabelSet of the values, in which invalid UTF-8 is replaced by U+FFFD; like it is if
// they are equal.
func (n labelNames) set(like LabelSet, values []string) LabelSet {
	if len(values) != len(n) {
		panic("exposition: labels and values are not as many: " + strings.Join(n, "") + strings.Join(values, `", "`))
	}
	var scratch [512]byte
	text := scratch[:0]
	for i, value := range values {
		text = append(text, n[i]...)
		text = append(text, escapeValue(strings.ToValidUTF8(value, "\uFFFD"))...)
		text = append(text, '"')
	}
	if string(text) == like.text {
		return like
	}
	return LabelSet{string(text)}
}

// cutPair splits the first label off a non-empty label text. What the text formats escape, Go reads as they do.
func cutPair(text string) (name, value, rest string) {
	name, text, _ = strings.Cut(text, "=")
	quoted, err := strconv.QuotedPrefix(text)
	if err == nil {
		value, err = strconv.Unquote(quoted)
	}
	if err != nil {
		panic("exposition: labels that no text format has: " + text)
	}
	return name, value, strings.TrimPrefix(text[len(quoted):], ",")
}

// escapeValue escapes as both text formats want a label value, and OpenMetrics a help text;
// escapeHelp as the other format wants a help text.
var (
	escapeValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`).Replace
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace
)
