package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/collector"
)

var updateContract = flag.Bool("update", false, "add new families to collector/testdata/contract.txt")

const contractFile = "../../collector/testdata/contract.txt"

const contractHeader = `# The families that the exporter serves: type, name and labels, with the values of a label where
# they are fixed. They are what dashboards and alerts of others depend on, see "Metric stability" in
# CONTRIBUTING.md. "go test . -run TestContract -update" adds new families and new values of a
# label; it does not take away or change one. That is for a new major version, by hand.
`

// familyContract is what others depend on of a family.
type familyContract struct {
	kind   string
	labels map[string][]string // the values that are known
}

// currentContract is the contract as the collector has it.
func currentContract() map[string]familyContract {
	families := map[string]familyContract{}
	for _, d := range collector.Families() {
		f := familyContract{kind: d.Type, labels: map[string][]string{}}
		for _, l := range d.Labels {
			f.labels[l.Name] = l.Values
		}
		families[d.Name] = f
	}
	return families
}

// readContract reads lines such as "gauge qem_task_state manager server task state=running|stopped".
func readContract(t *testing.T) map[string]familyContract {
	t.Helper()
	data, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	families := map[string]familyContract{}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		f := familyContract{kind: words[0], labels: map[string][]string{}}
		for _, label := range words[2:] {
			name, values, fixed := strings.Cut(label, "=")
			f.labels[name] = nil
			if fixed {
				f.labels[name] = strings.Split(values, "|")
			}
		}
		families[words[1]] = f
	}
	return families
}

// broken says what a family has no longer of its contract.
func broken(name string, was, is familyContract) []string {
	var problems []string
	if is.kind != was.kind {
		problems = append(problems, fmt.Sprintf("%s was a %s and is a %s", name, was.kind, is.kind))
	}
	for label, values := range was.labels {
		now, ok := is.labels[label]
		if !ok {
			problems = append(problems, fmt.Sprintf("%s has lost its label %s", name, label))
		}
		for _, v := range values {
			if ok && now != nil && !slices.Contains(now, v) {
				problems = append(problems, fmt.Sprintf("%s is never %s=%q any more", name, label, v))
			}
		}
	}
	for label := range is.labels {
		if _, ok := was.labels[label]; !ok {
			problems = append(problems, fmt.Sprintf("%s has a new label %s, which breaks joins and sums", name, label))
		}
	}
	return problems
}

// TestContract fails when an upgrade would break a dashboard or an alert of others.
func TestContract(t *testing.T) {
	was, is := readContract(t), currentContract()
	if len(was) == 0 && !*updateContract {
		t.Fatal("the contract is empty")
	}
	var problems []string
	for name, f := range was {
		if now, ok := is[name]; ok {
			problems = append(problems, broken(name, f, now)...)
		} else {
			problems = append(problems, name+" is gone")
		}
	}
	slices.Sort(problems)
	for _, p := range problems {
		t.Errorf("%s: that is for a new major version", p)
	}
	if t.Failed() {
		return
	}
	want := contractText(is)
	if *updateContract {
		if err := os.WriteFile(contractFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(contractFile); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s lacks what is new: run go test . -run TestContract -update", contractFile)
	}
}

func contractText(families map[string]familyContract) []byte {
	var lines []string
	for name, f := range families {
		var labels []string
		for label, values := range f.labels {
			if values != nil {
				values = slices.Sorted(slices.Values(values))
				label += "=" + strings.Join(values, "|")
			}
			labels = append(labels, label)
		}
		slices.Sort(labels)
		lines = append(lines, strings.Join(append([]string{name, f.kind}, labels...), " "))
	}
	slices.Sort(lines)
	text := contractHeader
	for _, line := range lines {
		name, rest, _ := strings.Cut(line, " ")
		kind, labels, _ := strings.Cut(rest, " ")
		text += strings.TrimSpace(kind+" "+name+" "+labels) + "\n"
	}
	return []byte(text)
}

// The check sees what it is for.
func TestContractIsHeld(t *testing.T) {
	was := familyContract{"gauge", map[string][]string{"task": nil, "state": {"running", "stopped"}}}
	for _, tc := range []struct {
		is   familyContract
		want string
	}{
		{familyContract{"counter", was.labels}, "is a counter"},
		{familyContract{"gauge", map[string][]string{"state": {"running", "stopped"}}}, "lost its label task"},
		{familyContract{"gauge", map[string][]string{"task": nil, "state": {"running"}}}, `never state="stopped"`},
		{familyContract{"gauge", map[string][]string{"task": nil, "state": {"running", "stopped"}, "id": nil}}, "new label id"},
	} {
		problems := broken("qem_task_state", was, tc.is)
		if len(problems) != 1 || !strings.Contains(problems[0], tc.want) {
			t.Errorf("%v: %q, want something about %q", tc.is, problems, tc.want)
		}
	}
	more := familyContract{"gauge", map[string][]string{"task": nil, "state": {"running", "stopped", "error"}}}
	if problems := broken("qem_task_state", was, more); problems != nil {
		t.Errorf("a new value is no break: %q", problems)
	}
}
