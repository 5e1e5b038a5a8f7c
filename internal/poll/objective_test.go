package poll

import (
	"strings"
	"testing"
	"time"
)

func TestLatencyObjective(t *testing.T) {
	objectives := []Objective{
		{Server: anchored("prod-.*")[0], Task: anchored("crm_.*")[0], Objective: 5 * time.Minute},
		{Task: anchored("crm_.*")[0], Objective: 7 * time.Minute},
		{Server: anchored("prod-.*")[0], Objective: 9 * time.Minute},
	}
	withDefault := append(objectives[:3:3], Objective{Objective: 15 * time.Minute})
	tests := []struct {
		name         string
		objectives   []Objective
		server, task string
		tags         []string
		want         time.Duration // 0: none
		bad          string        // part of the error
	}{
		{"first match", withDefault, "prod-1", "crm_a", nil, 5 * time.Minute, ""},
		{"task alone", withDefault, "test", "crm_a", nil, 7 * time.Minute, ""},
		{"server alone", withDefault, "prod-1", "erp", nil, 9 * time.Minute, ""},
		{"default", withDefault, "test", "erp", nil, 15 * time.Minute, ""},
		{"no default", objectives, "test", "erp", nil, 0, ""},
		{"tag goes before", withDefault, "prod-1", "crm_a", []string{"gold", "latency_objective=90s"}, 90 * time.Second, ""},
		{"compound", nil, "s", "t", []string{"latency_objective=1h30m"}, 90 * time.Minute, ""},
		{"days", nil, "s", "t", []string{"latency_objective=1d12h"}, 36 * time.Hour, ""},
		{"fraction", nil, "s", "t", []string{"latency_objective=1.5h"}, 90 * time.Minute, ""},
		{"blanks", nil, "s", "t", []string{" latency_objective = 5m "}, 5 * time.Minute, ""},
		{"other tags", nil, "s", "t", []string{"latency_objective", "x_latency_objective=5m", "latency=5m"}, 0, ""},
		{"bad tag", withDefault, "test", "erp", []string{"latency_objective=soon"}, 15 * time.Minute, `"latency_objective=soon"`},
		{"no unit", nil, "s", "t", []string{"latency_objective=5"}, 0, "latency_objective=5"},
		{"zero", nil, "s", "t", []string{"latency_objective=0s"}, 0, "not above 0"},
		{"negative", nil, "s", "t", []string{"latency_objective=-5m"}, 0, "not above 0"},
		{"good after bad", nil, "s", "t", []string{"latency_objective=x", "latency_objective=5m"}, 5 * time.Minute, `"latency_objective=x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok, err := latencyObjective(tt.objectives, tt.server, tt.task, tt.tags)
			if got != tt.want || ok != (tt.want > 0) {
				t.Errorf("got %v, %v, want %v", got, ok, tt.want)
			}
			if (err != nil) != (tt.bad != "") || err != nil && !strings.Contains(err.Error(), tt.bad) {
				t.Errorf("error %v, want one with %q", err, tt.bad)
			}
		})
	}
}
