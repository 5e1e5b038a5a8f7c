package choose

import (
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

func TestExpected(t *testing.T) {
	yes, no := true, false
	re := func(s string) Objective { return Objective{Task: anchored(s)[0]} }
	crm, erp, rest := re("crm_.*"), re("erp"), Objective{Latency: 15 * time.Minute, FullLoad: 12 * time.Hour}
	crm.Latency, crm.Running, crm.Server = 5*time.Minute, &yes, anchored("prod-.*")[0]
	erp.Running = &no
	dev := Objective{Tag: anchored("dev")[0], Priority: fleet.PriorityNone}
	all := []Objective{crm, erp, dev, rest}
	const page = fleet.PriorityPage
	tests := []struct {
		name         string
		objectives   []Objective
		server, task string
		tags         []string
		want         fleet.Expectation // in seconds
		bad          string            // part of the complaint
	}{
		{"nothing", nil, "s", "t", nil, fleet.Expectation{Priority: page}, ""},
		{"too many tags", nil, "s", "t", make([]string, 70), fleet.Expectation{Priority: page}, "first 64 of its 70 tags"},
		{"first that has it", all, "prod-1", "crm_a", nil, expect(300, 43200, true, page), ""},
		{"all conditions", all, "test", "crm_a", nil, expect(900, 43200, false, page), ""},
		{"false goes before what follows", append(all, crm), "prod-1", "erp", nil, expect(900, 43200, false, page), ""},
		{"by tag", all, "s", "t", []string{"x", "dev"}, expect(900, 43200, false, fleet.PriorityNone), ""},
		{"anchored", all, "s", "t", []string{"develop"}, expect(900, 43200, false, page), ""},
		{"own tags go before", all, "prod-1", "crm_a",
			[]string{" latency_objective = 1h30m ", "full_load_objective=1d12h", "expected=running", "priority=ticket", "dev"},
			expect(5400, 129600, true, fleet.PriorityTicket), ""},
		{"first by text", nil, "s", "t", []string{"priority=ticket", "priority=none"}, expect(0, 0, false, fleet.PriorityNone), ""},
		{"other tags", nil, "s", "t", []string{"latency_objective", "x_latency_objective=5m", "latency=5m"}, expect(0, 0, false, page), ""},
		{"bad latency", all, "s", "t", []string{"latency_objective=soon"}, expect(900, 43200, false, page), "latency_objective=soon"},
		{"no unit", nil, "s", "t", []string{"latency_objective=5"}, expect(0, 0, false, page), "latency_objective=5"},
		{"zero", nil, "s", "t", []string{"full_load_objective=0s"}, expect(0, 0, false, page), "not above 0"},
		{"bad priority", all, "s", "t", []string{"priority=high", "dev"}, expect(900, 43200, false, fleet.PriorityNone), `"high" is not page`},
		{"bad expectation", all, "prod-1", "crm_a", []string{"expected=stopped"}, expect(300, 43200, true, page), "expected=stopped"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, complaints := Expected(tt.objectives, tt.server, tt.task, tt.tags)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if told := strings.Join(complaints, "; "); (told == "") != (tt.bad == "") || !strings.Contains(told, tt.bad) {
				t.Errorf("complaints %q, want one with %q", told, tt.bad)
			}
		})
	}
}

func expect(latency, load float64, running bool, priority string) fleet.Expectation {
	e := fleet.Expectation{Running: running, Priority: priority}
	if latency > 0 {
		e.Latency = fleet.Num(latency)
	}
	if load > 0 {
		e.FullLoad = fleet.Num(load)
	}
	return e
}

func TestLimits(t *testing.T) {
	list := []ServerLimit{{Server: anchored("a.*")[0], Memory: 10}, {Memory: 20, Disk: 30}}
	if memory, disk := Limits(list, "ab"); memory != fleet.Num(10) || disk.IsSet() {
		t.Errorf("the first that matches counts: %v %v", memory, disk)
	}
	if memory, disk := Limits(list, "b"); memory != fleet.Num(20) || disk != fleet.Num(30) {
		t.Errorf("got %v %v", memory, disk)
	}
}
