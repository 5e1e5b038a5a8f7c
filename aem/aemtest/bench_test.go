package aemtest

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// sink is a response writer that keeps nothing.
type sink struct{ header http.Header }

func (s sink) Header() http.Header         { return s.header }
func (s sink) Write(p []byte) (int, error) { return len(p), nil }
func (s sink) WriteHeader(int)             {}

func BenchmarkAnswers(b *testing.B) {
	s := New(Options{Servers: 50, TasksPerServer: 200, TablesPerTask: 20, Incidents: true})
	c := viewer(b, s)
	for _, bench := range []struct{ name, path string }{
		{"ServerList", "servers"},
		{"ServerDetails", "servers/repl-prod-01"},
		{"TaskList", "servers/repl-prod-01/tasks"},
		{"TaskDetails", taskPath("repl-prod-01", s.servers[0].tasks[150].name())},
		{"TaskDetailsLoading", taskPath("repl-prod-01", s.servers[0].tasks[4].name())},
		{"TableStatuses", taskPath("repl-prod-01", s.servers[0].tasks[150].name()) + "/tables?action=getstatus"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r := httptest.NewRequest("GET", Path+"/api/v1/"+bench.path, nil)
			r.Header.Set(SessionHeader, c.session)
			w := sink{make(http.Header)}
			b.ReportAllocs()
			for b.Loop() {
				s.ServeHTTP(w, r)
			}
		})
	}
}
