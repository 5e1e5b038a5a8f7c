//go:build e2e

package e2e

import (
	"regexp"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// between is what a sample may be; most are exact.
type between struct{ low, high float64 }

// expectation is what an exporter should serve of one Enterprise Manager.
type expectation struct {
	manager    string
	shape      aemtest.Shape
	mode       string // of the tables
	objectives []objective
	polled     [2]time.Time // the poll was between these

	samples map[string]between
	tables  int // how many have series
}

// objective is one of the configured latency objectives.
type objective struct {
	server, task string // regular expressions; "" is any
	text         string // as configured
	seconds      float64
}

// expect works out every sample of the servers, tasks and tables.
func (e *expectation) expect(state *aemtest.State) map[string]between {
	e.samples = map[string]between{}
	for i := range state.Servers {
		e.server(&state.Servers[i])
	}
	return e.samples
}

// scope adds the samples of one entity.
type scope struct {
	e      *expectation
	labels []string // names and values
}

func (s scope) with(labels ...string) scope {
	return scope{s.e, append(append([]string{}, s.labels...), labels...)}
}

func (s scope) between(name string, low, high float64, labels ...string) {
	set := map[string]string{"__name__": name, "manager": s.e.manager}
	all := s.with(labels...).labels
	for i := 0; i < len(all); i += 2 {
		set[all[i]] = all[i+1]
	}
	s.e.samples[seriesKey(set)] = between{low, high}
}

func (s scope) add(name string, value float64, labels ...string) {
	s.between(name, value, value, labels...)
}

// number adds a count in a larger unit; a negative one says that there is none.
func (s scope) number(name string, unit float64, value int64, labels ...string) {
	if value >= 0 {
		s.add(name, float64(value)*unit, labels...)
	}
}

func (s scope) count(name string, value int64, labels ...string) { s.number(name, 1, value, labels...) }

// percent adds a ratio.
func (s scope) percent(name string, value int64) {
	if value >= 0 {
		s.add(name, float64(value)/100)
	}
}

func (s scope) flag(name string, value bool, labels ...string) {
	if value {
		s.add(name, 1, labels...)
	} else {
		s.add(name, 0, labels...)
	}
}

// instant adds a time that the API gives in whole seconds.
func (s scope) instant(name string, t time.Time) {
	if !t.IsZero() {
		s.add(name, float64(t.Unix()))
	}
}

// stateSet adds a sample for each known state and one for a state that is not known.
func (s scope) stateSet(name, current string, known ...string) {
	for _, state := range known {
		s.add(name, 0, "state", state)
	}
	if current != "" {
		s.add(name, 1, "state", current)
	}
}

// Units of the API.
const (
	megabyte = 1 << 20
	kilobyte = 1 << 10
)

// word is an enum's value as a label: lower case, with underscores.
func word(v string) string {
	return strings.ReplaceAll(strings.ToLower(v), " ", "_")
}

func licenseWord(v string) string {
	switch v {
	case "VALID_LICENSE":
		return "valid"
	case "INVALID_LICENSE_CHECKSUM":
		return "invalid_checksum"
	case "EXPIRED_LICENSE":
		return "expired"
	case "INVALID_LICENSE":
		return "invalid"
	}
	return word(v) // NO_LICENSE, MACHINE_NOT_LICENSED
}

func taskWord(v string) string {
	if v == aemtest.Recovery {
		return "recovering"
	}
	return word(v)
}

func tableWord(v string) string {
	switch v {
	case aemtest.TableQueued, aemtest.TableLoading, aemtest.TableCompleted, aemtest.TableChangeProcessing, aemtest.TableError:
		return word(strings.TrimPrefix(v, "TABLE_"))
	}
	return word(v) // not known: its own text
}

func (e *expectation) server(v *aemtest.ServerState) {
	s := scope{e, []string{"server", v.Name}}
	s.add("qem_server_info", 1, "product", string(v.Product), "host", v.Host, "port", v.Port,
		"platform", word(v.Platform), "version", v.Version)
	s.stateSet("qem_server_state", word(v.State), "monitored", "not_monitored", "error")
	switch v.State {
	case aemtest.Monitored:
		s.add("qem_server_up", 1)
	case aemtest.ServerError:
		s.add("qem_server_up", 0)
	}
	s.instant("qem_server_last_connection_timestamp_seconds", v.LastConnection)

	s.stateSet("qem_server_license_state", licenseWord(v.License.State),
		"valid", "invalid_checksum", "expired", "no_license", "machine_not_licensed", "invalid")
	s.instant("qem_server_license_issue_timestamp_seconds", v.License.Issued)
	s.instant("qem_server_license_expiry_timestamp_seconds", v.License.Expires)
	if !v.License.Expires.IsZero() {
		s.add("qem_server_license_days_to_expiration", float64(v.License.Days)) // -1 is a value here
	}
	s.count("qem_server_tasks", v.Summary.Running, "state", "running")
	s.count("qem_server_tasks", v.Summary.Stopped, "state", "stopped")
	s.count("qem_server_tasks", v.Summary.Recovering, "state", "recovering")
	s.count("qem_server_tasks", v.Summary.Error, "state", "error")
	s.number("qem_server_disk_usage_bytes", megabyte, v.Utilization.DiskMB)
	s.number("qem_server_memory_bytes", megabyte, v.Utilization.MemoryMB)
	s.percent("qem_server_replicate_cpu_ratio", v.Utilization.ReplicateCPU)
	s.percent("qem_server_machine_cpu_ratio", v.Utilization.MachineCPU)

	if v.State != aemtest.Monitored {
		return
	}
	for i := range v.Tasks {
		e.task(s, v, &v.Tasks[i])
	}
}

// objectiveOf is a task's latency objective: its own tag's, else the first configured
// one that matches.
func (e *expectation) objectiveOf(server string, v *aemtest.Task) (float64, bool) {
	for _, tag := range v.Tags {
		if text, ok := strings.CutPrefix(tag, "latency_objective="); ok {
			if d, err := time.ParseDuration(text); err == nil {
				return d.Seconds(), true
			}
		}
	}
	for _, o := range e.objectives {
		if matches(o.server, server) && matches(o.task, v.Name) {
			return o.seconds, true
		}
	}
	return 0, false
}

func matches(pattern, name string) bool {
	return pattern == "" || regexp.MustCompile("^(?s:"+pattern+")$").MatchString(name)
}
