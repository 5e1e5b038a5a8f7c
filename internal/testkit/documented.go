package testkit

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// row is a sample that every entity has: a number of the API, in base units.
type row struct {
	family string
	labels []string // beside those of the entity, names and values by turns
	path   []string // in the API's answer
}

// documentedRows reads, in docs/metrics.md, the rows of the families whose source is a field of the API
// and no more, by the method of the API. Braces in the field's name stand for the values of the labels
// in their order.
func documentedRows(reference string) map[string][]row {
	text, err := os.ReadFile(reference)
	if err != nil {
		panic(err)
	}
	rows := map[string][]row{}
	for _, line := range familyOfField.FindAllStringSubmatch(string(text), -1) {
		family, source := line[1], line[4]
		if source == "state" || family == endOfLoad {
			continue
		}
		paths, labels := unfold(source), labelings(line[2])
		if len(paths) != len(labels) {
			panic(fmt.Sprintf("testkit: %s has %d samples and comes from %q", family, len(labels), source))
		}
		for i, path := range paths {
			keys := strings.Split(strings.TrimSuffix(path, ".current"), ".")
			rows[line[3]] = append(rows[line[3]], row{family, labels[i], keys})
		}
	}
	return rows
}

// A family whose source is in braces alone describes something.
var (
	familyOfField = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| \\w+ \\| (.*?) \\| .* \\| " +
		"(GetServerList|GetServerDetails|GetTaskDetails|GetTableStatuses) `([^{`][^`]*)` \\|$")
	labelOfValues = regexp.MustCompile("`(\\w+)` \\((`.*?`)\\)")
)

// unfold is every text that a text with braces stands for.
func unfold(text string) (all []string) {
	before, rest, ok := strings.Cut(text, "{")
	if !ok {
		return []string{text}
	}
	words, after, _ := strings.Cut(rest, "}")
	for word := range strings.SplitSeq(words, ",") {
		for _, tail := range unfold(after) {
			all = append(all, before+word+tail)
		}
	}
	return all
}

// labelings are all combinations of the values that labels are known to have.
func labelings(text string) [][]string {
	all := [][]string{nil}
	for _, label := range labelOfValues.FindAllStringSubmatch(text, -1) {
		var longer [][]string
		for _, set := range all {
			for value := range strings.SplitSeq(strings.Trim(label[2], "`"), "`, `") {
				longer = append(longer, slices.Concat(set, []string{label[1], value}))
			}
		}
		all = longer
	}
	return all
}

func always(string) bool { return true }

// documented adds the samples of what a method of the API says, of the families of which it means
// something now.
func (o *Oracle) documented(e entity, method string, said any, means func(family string) bool) {
	text, err := json.Marshal(said)
	var answer any
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		panic(fmt.Sprintf("testkit: what %s says: %v", method, err))
	}
	for _, r := range o.rows[method] {
		value := answer
		for _, key := range r.path {
			members, _ := value.(map[string]any)
			var ok bool
			if value, ok = members[key]; !ok {
				panic(fmt.Sprintf("testkit: %s comes from %q, which %s does not say", r.family, r.path, method))
			}
		}
		if means(r.family) {
			e.add(r.family, inBaseUnits(r.path[len(r.path)-1], value), r.labels...)
		}
	}
}

// inBaseUnits is a value of the API by its key; not a number when the API says that there is none.
func inBaseUnits(key string, value any) float64 {
	switch v := value.(type) {
	case bool:
		return flag(v)
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return float64(at.Unix())
		}
		var hours, minutes, seconds float64
		if _, err := fmt.Sscanf(v, "%g:%g:%g", &hours, &minutes, &seconds); err != nil {
			panic(fmt.Sprintf("testkit: %s is %q", key, v))
		}
		return hours*3600 + minutes*60 + seconds
	case float64:
		switch {
		case key == "days_to_expiration": // minus one day is a value
			return v * 86_400
		case v < 0:
			return math.NaN()
		case key == "transferred_volume_mb": // in bytes, whatever its name
			return v
		case strings.HasSuffix(key, "_mb"):
			return v * (1 << 20)
		case strings.HasSuffix(key, "_volume"):
			return v * (1 << 10)
		case strings.HasSuffix(key, "_percentage"):
			return v / 100
		}
		return v
	}
	return math.NaN()
}
