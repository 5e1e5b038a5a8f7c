package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// stand is an App that polls an Enterprise Manager of its own, whose values move only
// when the test says so.
type stand struct {
	*daemon
	sim          *aemtest.Server
	client       *http.Client // gives /metrics a second
	hour         atomic.Int64 // of the simulated time
	server, task string       // of which there are others
	truth        [2]samples   // what /metrics has without a fault, by the hour
	heap         atomic.Uint64
}

// samples are series, as a scrape writes them, with their values.
type samples map[string]float64

// newStand starts it and learns what it serves while all is well; the lines go into
// the configuration.
func newStand(t *testing.T, lines ...string) *stand {
	t.Helper()
	s := &stand{client: &http.Client{Transport: &http.Transport{}, Timeout: time.Second}}
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.sim = aemtest.NewServer(aemtest.Options{
		Seed: 7, Servers: 2, TasksPerServer: 2, TablesPerTask: 1, Healthy: true, Start: begin,
		Clock: func() time.Time { return begin.Add(time.Duration(s.hour.Load()) * time.Hour) },
	})
	t.Cleanup(s.sim.Close)
	first := s.sim.State().Servers[0]
	s.server, s.task = first.Name, first.Tasks[0].Name
	lines = append([]string{"retries: 0", "max_age: 1m", "max_response_bytes: 4MiB", "tables: {mode: all}"}, lines...)
	s.daemon = start(t, testOptions(configFile(t, entry("prod", s.sim.URL, lines...))))
	s.awaitReady()
	s.watch()
	for hour := range s.truth {
		s.hour.Store(int64(hour))
		s.truth[hour] = s.next().entities()
	}
	s.checkTruth()
	return s
}

// watch scrapes until the end of the test: each scrape must be answered, and the
// process stays small.
func (s *stand) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(150 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			s.read("/metrics")
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			s.heap.Store(max(s.heap.Load(), m.HeapInuse))
			<-tick.C
		}
	})
	s.t.Cleanup(func() {
		cancel()
		watching.Wait()
		s.client.CloseIdleConnections()
		const most = 256 << 20
		if heap := s.heap.Load(); heap > most {
			s.t.Errorf("the heap took up to %d MiB, want at most %d", heap>>20, most>>20)
		}
	})
}

// read gets a page within a second. A machine that is busy otherwise may miss that
// once in a while, but not three times in a row.
func (s *stand) read(path string) string {
	var err error
	for range 3 {
		var text string
		if text, err = s.readOnce(path); err == nil {
			return text
		}
	}
	s.t.Errorf("%s is not answered: %v", path, err)
	return ""
}

func (s *stand) readOnce(path string) (string, error) {
	response, err := s.client.Get(s.url(path))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return string(body), err
}

func (s *stand) scrape() samples {
	all, err := parse(s.read("/metrics"))
	if err != nil {
		s.t.Error(err)
	}
	return all
}

// parse reads the text format.
func parse(text string) (samples, error) {
	all := samples{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("not a sample: %s", line)
		}
		if _, twice := all[line[:at]]; twice {
			return nil, fmt.Errorf("twice: %s", line)
		}
		all[line[:at]] = value
	}
	return all, nil
}

// next waits for the end of a poll that begins after the call, which is the second one
// to end at the latest, and scrapes.
func (s *stand) next() samples {
	s.t.Helper()
	asked := time.Now()
	eventually(s.t, "another poll has ended", func() bool { return s.collector.Fleet("prod").Started.After(asked) })
	return s.scrape()
}

// entities are the samples of servers, tasks and tables. When a load will end depends
// on the real time, so that it is left out.
func (all samples) entities() samples {
	some := samples{}
	for key, value := range all {
		for _, prefix := range []string{"qem_server_", "qem_task_", "qem_table_", "qem_compose_"} {
			if strings.HasPrefix(key, prefix) && !strings.HasPrefix(key, "qem_table_full_load_estimated_end_") {
				some[key] = value
			}
		}
	}
	return some
}

// checkTruth makes sure that what faults are measured by is right, and moves.
func (s *stand) checkTruth() {
	s.t.Helper()
	for hour, have := range s.truth {
		s.hour.Store(int64(hour))
		for _, server := range s.sim.State().Servers {
			for _, task := range server.Tasks {
				key := `qem_task_cdc_applied_changes_total{manager="prod",server="` + server.Name + `",task="` + task.Name + `",operation="insert"}`
				if task.Product == aemtest.Compose {
					key = `qem_compose_task_completed_commands{manager="prod",server="` + server.Name + `",task="` + task.Name + `"}`
				}
				want := float64(task.CDC.Inserts + task.Loading.CommandsCompleted)
				if got, ok := have[key]; !ok || got != want {
					s.t.Fatalf("without a fault, %s is %v (%v), want %v", key, got, ok, want)
				}
			}
		}
	}
	moved := 0
	for key, value := range s.truth[0] {
		if other, ok := s.truth[1][key]; ok && other != value {
			moved++
		}
	}
	if moved < 50 {
		s.t.Fatalf("only %d of %d values move in an hour", moved, len(s.truth[0]))
	}
	s.hour.Store(0)
	s.next()
}
