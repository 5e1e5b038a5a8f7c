package collector

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

const onTask = `{manager="prod",server="s",task="t"`

func TestSamplesOfATask(t *testing.T) {
	unknown := absent[fleet.TaskDetails]()
	full, loading := number[fleet.TaskDetails](1), number[fleet.ComposeDetails](1)
	tests := []struct {
		name   string
		family string // the beginning of the names that are looked at
		change func(t *fleet.Task)
		want   map[string]string
	}{
		{"no details, no info", "qem_task_info", func(*fleet.Task) {}, nil},
		{"no details, no numbers", "qem_task_c", func(*fleet.Task) {}, nil},
		{"unread details", "qem_task_up", func(*fleet.Task) {}, map[string]string{"qem_task_up" + onTask + "}": "0"}},
		{"info keeps blanks and is empty for what is unknown", "qem_task_info",
			func(t *fleet.Task) { t.Details = &unknown; t.Details.Source = " ora " },
			map[string]string{`qem_task_info{log_stream_staging="",manager="prod",product="replicate",profile="",project="",server="s",` +
				`source=" ora ",source_type="",target="",target_type="",task="t",type=""}`: "1"}},
		{"unknown options", "qem_task_option", func(t *fleet.Task) { t.Details = &unknown }, nil},
		{"known state", "qem_task_state", func(t *fleet.Task) { t.State = fleet.TaskRecovering }, map[string]string{
			"qem_task_state" + onTask + `,state="running"}`:    "0",
			"qem_task_state" + onTask + `,state="stopped"}`:    "0",
			"qem_task_state" + onTask + `,state="error"}`:      "0",
			"qem_task_state" + onTask + `,state="recovering"}`: "1"}},
		{"state that nobody knows yet", "qem_task_state", func(t *fleet.Task) { t.State = "paused" }, map[string]string{
			"qem_task_state" + onTask + `,state="running"}`:    "0",
			"qem_task_state" + onTask + `,state="stopped"}`:    "0",
			"qem_task_state" + onTask + `,state="error"}`:      "0",
			"qem_task_state" + onTask + `,state="recovering"}`: "0",
			"qem_task_state" + onTask + `,state="paused"}`:     "1"}},
		{"no state", "qem_task_state", func(t *fleet.Task) { t.State = "" }, nil},
		{"stop reason", "qem_task_stop", func(t *fleet.Task) { t.StopReason = "fatal_error" },
			map[string]string{"qem_task_stop_reason" + onTask + `,reason="fatal_error"}`: "1"}},
		{"no stop reason", "qem_task_stop", func(*fleet.Task) {}, nil},
		{"tags", "qem_task_tag", func(t *fleet.Task) { t.Tags = []string{"a", " b", "a"} }, map[string]string{
			"qem_task_tag" + onTask + `,tag="a"}`: "1", "qem_task_tag" + onTask + `,tag=" b"}`: "1"}},
		{"tables were not asked for", "qem_task_tables", func(*fleet.Task) {}, nil},
		{"no tables", "qem_task_tables", func(t *fleet.Task) { t.TableStates = &fleet.TableStates{} }, map[string]string{
			"qem_task_tables" + onTask + `,state="queued"}`:            "0",
			"qem_task_tables" + onTask + `,state="loading"}`:           "0",
			"qem_task_tables" + onTask + `,state="completed"}`:         "0",
			"qem_task_tables" + onTask + `,state="change_processing"}`: "0",
			"qem_task_tables" + onTask + `,state="error"}`:             "0"}},
		{"dropped tables", "qem_task_tables_dropped", func(t *fleet.Task) { t.TablesDropped = 7 },
			map[string]string{"qem_task_tables_dropped" + onTask + "}": "7"}},
		{"no objective", "qem_task_latency", func(*fleet.Task) {}, nil},
		{"a Replicate task has nothing of Compose", "qem_compose", func(t *fleet.Task) { t.Details, t.Compose = &full, &loading }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			task := aTask("t")
			test.change(&task)
			got := having(samplesOf(t, aPoll(aServer("s", task))), test.family)
			if len(got)+len(test.want) > 0 && !maps.Equal(got, test.want) {
				t.Errorf("-want +got:\n%s", cmp.Diff(test.want, got))
			}
		})
	}
}

// A Compose task has these families and no other, whatever else is known of it.
func TestComposeTaskHasNothingOfReplicate(t *testing.T) {
	task := aTask("t")
	details, loading := number[fleet.TaskDetails](1), number[fleet.ComposeDetails](1)
	task.Product, task.State, task.StopReason, task.Tags = fleet.Compose, fleet.TaskRunning, "none", []string{"a"}
	task.Details, task.Compose, task.LatencyObjective = &details, &loading, 60
	task.TableStates, task.TablesDropped = &fleet.TableStates{Other: map[string]int{"new": 1}}, 1
	families := make(map[string]bool)
	samples := samplesOf(t, aPoll(aServer("s", task)))
	for name := range having(samples, `task="t"`) {
		families[name[:strings.IndexByte(name, '{')]] = true
	}
	want := []string{
		"qem_compose_task_commands", "qem_compose_task_completed_commands", "qem_compose_task_expected_tables",
		"qem_compose_task_loading_completed", "qem_compose_task_loading_end_timestamp_seconds",
		"qem_compose_task_loading_start_timestamp_seconds", "qem_compose_task_tables",
		"qem_task_info", "qem_task_option_enabled", "qem_task_state", "qem_task_stop_reason", "qem_task_tag", "qem_task_up",
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(families))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	options := slices.Sorted(maps.Keys(having(samples, "qem_task_option_enabled")))
	if diff := cmp.Diff([]string{
		"qem_task_option_enabled" + onTask + `,option="apply_changes"}`,
		"qem_task_option_enabled" + onTask + `,option="full_load"}`,
	}, options); diff != "" {
		t.Errorf("options; -want +got:\n%s", diff)
	}
}

// Zero is a measurement, and a number that is absent has no sample.
func TestZeroIsAMeasurement(t *testing.T) {
	s := aServer("s")
	s.License.DaysToExpiration, s.DiskBytes = -1, 0
	got := samplesOf(t, aPoll(s))
	want := map[string]string{
		`qem_server_license_days_to_expiration{manager="prod",server="s"}`:                                      "-1",
		`qem_server_disk_usage_bytes{manager="prod",server="s"}`:                                                "0",
		`qem_server_info{host="",manager="prod",platform="",port="",product="replicate",server="s",version=""}`: "1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Of what the API names twice the first stays, alone.
func TestDuplicates(t *testing.T) {
	first, second := aTask("t"), aTask("t")
	one, two := absent[fleet.TaskDetails](), absent[fleet.TaskDetails]()
	one.Source, two.Source = "first", "second"
	first.Details, second.Details = &one, &two
	first.State, second.State = fleet.TaskRunning, "unheard_of"
	first.Tables = []fleet.Table{aTable("A", "X"), aTable("B", "X"), aTable("A", "X")}
	for i := range first.Tables {
		first.Tables[i].DataErrors = float64(i)
	}
	same := aServer("s", aTask("of the second server"))
	same.Host = "second"
	p := aPoll(aServer("s", first, second), same, aServer("other", aTask("t")))
	p.Duplicates = 10

	c, registry := newTestCollector(t)
	c.AddManager("prod", time.Hour)
	c.Publish(p)
	samples := byName(textOf(t, c.Current()))
	for part, want := range map[string]int{
		"qem_server_info": 2, "qem_task_info": 1, `source="first"`: 1, "second": 0, "unheard_of": 0, "qem_task_up": 2, "qem_table_data_errors_total": 2,
	} {
		if got := having(samples, part); len(got) != want {
			t.Errorf("%d samples with %s, want %d: %v", len(got), part, want, got)
		}
	}
	if got := samples[`qem_table_data_errors_total{manager="prod",schema="A",server="s",table="X",task="t"}`]; got != "0" {
		t.Errorf("the table that came first had 0 data errors, served is %s", got)
	}
	if got := gathered(t, registry)[`qem_exporter_duplicates_dropped_total{manager="prod"}`]; got != "13" {
		t.Errorf("%s duplicates were counted, want 10 of the poll and 3 of the collector", got)
	}
}

// A task of one name on two servers, or a table of one name in two tasks, is no
// duplicate, and no name is taken for another's.
func TestNamesAreKeptApart(t *testing.T) {
	one, two := aTask("a"), aTask("a ")
	one.Tables = []fleet.Table{aTable("", "x.y"), aTable("x", "y")}
	two.Tables = []fleet.Table{aTable("x", "y")}
	for _, tables := range [][]fleet.Table{one.Tables, two.Tables} {
		for i := range tables {
			tables[i].State = fleet.TableCompleted
		}
	}
	got := having(samplesOf(t, aPoll(aServer("s", one, two), aServer("s\n\"", one))), "qem_table_state")
	if len(got) != 5 {
		t.Errorf("%d tables are served, want 5: %v", len(got), got)
	}
}

func TestLabelTextsAreKept(t *testing.T) {
	described := aTask("stays")
	details := absent[fleet.TaskDetails]()
	details.Source = "old"
	described.Details = &details
	described.Tables = []fleet.Table{aTable("A", "X"), aTable("A", "Y")}
	root, families := &node{}, newTables()
	publish := func(p *fleet.Manager) map[string]string {
		s, _ := families.snapshot(root, p)
		return byName(textOf(t, s))
	}
	publish(aPoll(aServer("s", described, aTask("goes")), aServer("gone", aTask("too"))))
	server := root.children[key{1: "s"}]
	kept := server.children[key{1: "stays"}]

	changed := described
	newDetails := details
	newDetails.Source = "new"
	changed.Details, changed.Tables = &newDetails, changed.Tables[:1]
	samples := publish(aPoll(aServer("s", changed)))
	if root.children[key{1: "s"}] != server || server.children[key{1: "stays"}] != kept {
		t.Error("the label texts of what stayed were made again")
	}
	if len(root.children) != 1 || len(server.children) != 1 || len(kept.children) != 1 {
		t.Errorf("%d servers, %d tasks and %d tables are kept, want one each", len(root.children), len(server.children), len(kept.children))
	}
	if len(having(samples, `source="new"`)) != 1 || len(having(samples, `source="old"`)) != 0 {
		t.Errorf("the changed endpoint is not what is served: %v", having(samples, "qem_task_info"))
	}
	if samples := publish(aPoll(aServer("s", changed, aTask("goes")))); len(having(samples, `task="goes"`)) == 0 {
		t.Error("a task that came back is not served")
	}
}
