package docs_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/testkit"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// written are all pages that people read.
func written(t *testing.T) []string {
	return append(pages(t), globbed(t, "runbooks/*.md", "decisions/*.md")...)
}

var (
	code   = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	scheme = regexp.MustCompile(`^[a-z]+:`)
)

// A link within the repository leads to a file, and its anchor to a heading.
func TestLinks(t *testing.T) {
	n := 0
	for _, page := range written(t) {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, page), "`"), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if scheme.MatchString(target) {
				continue
			}
			n++
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), target)
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %s leads nowhere", page, match[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(t, file), anchor) {
				t.Errorf("%s: %s has no heading #%s", page, file, anchor)
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d links were found", n)
	}
}

// A file or folder of the repository that a page names is there.
func TestPathsExist(t *testing.T) {
	named := regexp.MustCompile("`((?:aem|alerts|cmd|collector|dashboards|deploy|docs|e2e|internal|scripts)/[\\w./*-]*)")
	for _, page := range written(t) {
		for _, found := range named.FindAllStringSubmatch(read(t, page), -1) {
			here, _ := filepath.Glob(filepath.Join(filepath.Dir(page), found[1]))
			if there, _ := filepath.Glob("../" + found[1]); len(here)+len(there) == 0 {
				t.Errorf("%s: there is no %s", page, found[1])
			}
		}
	}
}

var (
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	notInURL = regexp.MustCompile(`[^a-z0-9 _-]`)
)

// anchors are the names that the headings of a page have on GitHub.
func anchors(t *testing.T, page string) []string {
	t.Helper()
	var all []string
	fenced := regexp.MustCompile("(?s)```.*?```")
	for _, match := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(read(t, page), ""), -1) {
		name := notInURL.ReplaceAllString(strings.ToLower(match[1]), "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

// Every page of the documentation is in its index.
func TestIndex(t *testing.T) {
	index := read(t, "README.md")
	for _, page := range pages(t) {
		if strings.Contains(page, "/") || page == "README.md" {
			continue
		}
		if !strings.Contains(index, "]("+page+")") {
			t.Errorf("README.md lacks %s", page)
		}
	}
}

// A metric that a page names is one that the exporter serves, with that label and,
// where its values are known, that value.
func TestMetricsExist(t *testing.T) {
	for _, page := range written(t) {
		// The program, and a group of rules.
		for _, strange := range testkit.Strangers(read(t, page), "qem_exporter", "qem_thresholds") {
			t.Errorf("%s: the exporter has no %s", page, strange)
		}
	}
}

var flagName = regexp.MustCompile("`--([a-z][a-z0-9.-]*)")

// A flag that a page names is one that the program has.
func TestFlagsExist(t *testing.T) {
	var help []byte
	for _, program := range []string{binary, filepath.Join(filepath.Dir(binary), "qemctl")} {
		told, err := exec.CommandContext(t.Context(), program, "--help-long").CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		help = append(help, told...)
	}
	others := []string{"http2", "port", "debug"} // of attunity_exporter
	for _, page := range globbed(t, "*.md", "../README.md") {
		for _, match := range flagName.FindAllStringSubmatch(read(t, page), -1) {
			known := regexp.MustCompile(`--(\[no-\])?` + regexp.QuoteMeta(match[1]) + `\b`)
			if !known.Match(help) && (page != "migrating.md" || !slices.Contains(others, match[1])) {
				t.Errorf("%s: there is no flag --%s", page, match[1])
			}
		}
	}
}

// compare fails when a generated page is old, or writes it.
func compare(t *testing.T, page, is, want string) {
	t.Helper()
	if is == want {
		return
	}
	if !*update {
		t.Errorf("%s is old: go test ./docs -update", page)
		return
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// examples are the bodies of the SDK's examples, by name, without the lines that make
// the client and those that say what comes out.
func examples(t *testing.T) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	const file = "../aem/example_test.go"
	tree, err := parser.ParseFile(files, file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	source := read(t, file)
	bodies := map[string]string{}
	for _, d := range tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "Example") {
			continue
		}
		body := source[files.Position(f.Body.Lbrace).Offset+1 : files.Position(f.Body.Rbrace).Offset]
		body, _, _ = strings.Cut(body, "\t// Output:")
		body = strings.Replace(body, "\tclient, end := simulated()\n\tdefer end()\n", "", 1)
		formatted, err := format.Source([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		for line := range strings.Lines(strings.Trim(string(formatted), "\n")) {
			b.WriteString(strings.TrimPrefix(line, "\t"))
		}
		bodies[f.Name.Name] = b.String() + "\n"
	}
	return bodies
}

// A block that is the body of an example of the SDK is so to the letter; -update makes it so.
func TestExamples(t *testing.T) {
	known := examples(t)
	for _, page := range pages(t) {
		text := read(t, page)
		made := text
		for _, b := range blocksOf(t, page) {
			name, ok := strings.CutPrefix(b.info, "go Example")
			if !ok {
				continue
			}
			want, ok := known["Example"+name]
			if !ok {
				t.Errorf("%s: there is no Example%s", b.where, name)
				continue
			}
			fenced := func(body string) string { return "```" + b.info + "\n" + body + "```\n" }
			made = strings.Replace(made, fenced(b.text), fenced(want), 1)
		}
		compare(t, page, text, made)
	}
}

// The metrics of other exporters, all of which the page on migrating has.
const others = `
attunity_server attunity_server_tasks attunity_server_days_to_license_expiration attunity_server_task_state
attunity_task_total_latency_seconds attunity_task_source_latency_seconds attunity_task_inc_changes_total
attunity_task_inc_accumulated_changes_total attunity_task_inc_apply_changes_total attunity_task_full_load_table_count
attunity_server_{disk_usage_mb,memory_usage_mb,attunity_cpu_percentage,machine_cpu_percentage}
attunity_task_{cpu_percentage,memory_mb,disk_usage_mb,data_error_count}
attunity_task_{applied_insert_count,applied_update_count,applied_delete_count,applied_ddl_count}
attunity_task_{tables_completed_count,tables_loading_count,tables_queued_count}
attunity_task_{tables_with_error_count,records_completed_count,estimated_records_for_all_tables_count}
attunity_task_{source,target}_throughput_{records_count,volume}
attunity_task_cdc_{source,target}_throughput_{records_count,volume}
attunity_task_{commit_change_records_count,rollback_transaction_count}
attunity_task_{rollback_change_records_count,rollback_change_volume_mb}
attunity_task_{applied_transactions_in_progress_count,applied_records_in_progress_count}
attunity_task_{applied_comitted_transaction_count,applied_records_comitted_count}
attunity_task_applied_volume_comitted_mb
attunity_task_incoming_{accumulated,applying}_changes_{in_memory,on_disk}_count task_state
cdc_event_counters__applied_{insert,update,delete,ddl}_count
full_load_counters__{tables_completed,tables_loading,tables_queued}_count
full_load_counters__{tables_with_error,records_completed,estimated_records_for_all_tables}_count
full_load_throughput__{source,target}_throughput_{records_count,volume}
cdc_throughput__{source,target}_throughput_{records_count,volume}__current
cdc_transactions_counters__{commit_change_records_count,rollback_transaction_count}
cdc_transactions_counters__{rollback_change_records_count,rollback_change_volume_mb}
cdc_transactions_counters__{applied_transactions_in_progress_count}
cdc_transactions_counters__{applied_records_in_progress_count,applied_committed_transaction_count}
cdc_transactions_counters__{applied_records_comitted_count,applied_volume_comitted_mb}
cdc_latency__{source,total}_latency cdc_transactions_counters__incoming_accumulated_changes_{in_memory,on_disk}_count
memory_mb cpu_percentage disk_usage_mb data_error_count
`

func TestMigratingIsComplete(t *testing.T) {
	page := read(t, "migrating.md")
	for _, pattern := range strings.Fields(others) {
		for _, name := range expand(pattern) {
			if !strings.Contains(page, "\n| `"+name+"` | `") {
				t.Errorf("migrating.md lacks %s", name)
			}
		}
	}
}

// expand is the shell's expansion of braces.
func expand(pattern string) []string {
	before, rest, found := strings.Cut(pattern, "{")
	if !found {
		return []string{pattern}
	}
	choices, after, _ := strings.Cut(rest, "}")
	var all []string
	for _, choice := range strings.Split(choices, ",") {
		all = append(all, expand(before+choice+after)...)
	}
	return all
}

// The log lines that the operations page explains are those that the code writes.
func TestLogLinesExist(t *testing.T) {
	_, table, _ := strings.Cut(read(t, "operations.md"), "\n## Log lines\n")
	table, _, found := strings.Cut(table, "\n## ")
	if !found {
		t.Fatal("the page has no such section")
	}
	var source strings.Builder
	for _, file := range globbed(t, "../internal/*/*.go", "../internal/*/*/*.go", "../aem/*.go") {
		source.WriteString(read(t, file))
	}
	n := 0
	for _, row := range regexp.MustCompile("(?m)^\\| [a-z]+ \\|(.+)\\|$").FindAllStringSubmatch(table, -1) {
		for _, message := range regexp.MustCompile("`([a-z][^`]* [^`]*)`").FindAllStringSubmatch(row[1], -1) {
			n++
			made := strings.Replace(message[1], " can be read", " cannot be read", 1) // the log makes one of the other
			if text := source.String(); !strings.Contains(text, strconv.Quote(message[1])) &&
				!strings.Contains(text, strconv.Quote(made)) {
				t.Errorf("nothing logs %q", message[1])
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d messages were found", n)
	}
}

// An alert or a threshold that a page names is in the rules.
func TestRulesExist(t *testing.T) {
	rules := read(t, "../alerts/qem.rules.yml")
	named := regexp.MustCompile(`\b(?:Qem[A-Z]\w+|qem:threshold:\w+)`)
	for _, page := range written(t) {
		for _, name := range named.FindAllString(read(t, page), -1) {
			if !strings.Contains(rules, "alert: "+name+"\n") && !strings.Contains(rules, "record: "+name+"\n") {
				t.Errorf("%s: the rules have no %s", page, name)
			}
		}
	}
}
