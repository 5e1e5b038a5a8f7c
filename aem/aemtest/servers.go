package aemtest

import (
	"math"
	"net/url"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

type server struct {
	start     time.Time
	static    ServerState // what never changes, without tasks
	spells    []spell
	ending    window // of its licence
	unwatched spell  // PutServer has ended its monitoring
	forced    spell  // a state that a test has set
	counted   bool   // the summary is that of static
	tasks     []*task
	edits     []func(*ServerState)
	idleCPU   int64 // percent that the machine needs for itself; negative when it is too old to say

	// What Enterprise Manager keeps of it, beside the ACLs in static.
	endpoints  []*endpoint // of a Replicate server, in the order in which they came
	password   string
	unverified bool
}

// spell is a window in which a server is not monitored, or in error; without a state it
// is none.
type spell struct {
	window
	state   aem.ServerState
	message string
}

func (s *server) name() string { return s.static.Name }

// row is the server at an instant, as far as the server list shows it.
func (s *server) row(now time.Time) ServerState {
	if len(s.edits) > 0 {
		return s.at(now)
	}
	return s.base(now)
}

func (s *server) at(now time.Time) ServerState {
	v := s.base(now)
	s.setLicense(&v.License, now)
	if !s.counted {
		s.count(&v, now)
	}
	for _, edit := range s.edits {
		edit(&v)
	}
	v.Tasks = nil
	return v
}

// base is the server without what its tasks and licence say.
func (s *server) base(now time.Time) ServerState {
	v := s.static
	at := now.Sub(s.start)
	if v.LastConnection.IsZero() {
		v.LastConnection = now.Truncate(syncEvery)
	}
	for i := range s.spells {
		s.spells[i].apply(&v, s.start, at)
	}
	s.unwatched.apply(&v, s.start, at)
	s.forced.apply(&v, s.start, at)
	if v.Version == "" {
		v.LastConnection = time.Time{}
	}
	return v
}

// syncEvery is how often Enterprise Manager connects to a server.
const syncEvery = 5 * time.Second

// apply puts a server in the state of the spell while it is on.
func (p *spell) apply(v *ServerState, start time.Time, at time.Duration) {
	elapsed, open := p.at(at)
	if !open || p.state == "" {
		return
	}
	v.State, v.Message = p.state, p.message
	if p.state != aem.ServerMonitored {
		v.LastConnection = instant(start, at-elapsed).Truncate(syncEvery)
	}
}

// setLicense fills in what of a licence depends on the day.
func (s *server) setLicense(v *aem.License, now time.Time) {
	today := now.Truncate(24 * time.Hour)
	if elapsed, open := s.ending.at(now.Sub(s.start)); open {
		v.Expires = today.AddDate(0, 0, 6)
		if elapsed >= s.ending.lasts/2 {
			v.Expires = today.AddDate(0, 0, -1)
		}
	}
	v.DaysToExpiration = aem.Number{}
	if v.Expires.IsZero() {
		return
	}
	days := int64(v.Expires.Sub(today) / (24 * time.Hour))
	v.DaysToExpiration = whole(days)
	if days < 0 && v.State == aem.LicenseValid {
		v.State = aem.LicenseExpired
	}
}

func (s *server) count(v *ServerState, now time.Time) {
	unknown := aem.WholeOf(-1)
	v.TaskSummary = given(aem.TaskSummary{})
	v.Utilization = aem.Utilization{DiskMB: unknown, MemoryMB: unknown, ReplicateCPU: unknown, MachineCPU: unknown}
	if v.State != aem.ServerMonitored {
		return
	}
	n := &v.TaskSummary
	n.Total = whole(int64(len(s.tasks)))
	of := map[aem.TaskState]*aem.Number{
		aem.TaskRunning: &n.Running, aem.TaskStopped: &n.Stopped, aem.TaskRecovering: &n.Recovering, aem.TaskError: &n.Error,
	}
	var disk, memory, cpu int64
	for _, t := range s.tasks {
		x := t.at(now)
		if count := of[x.State]; count != nil {
			addTo(count, 1)
		}
		disk += x.DiskMB.Int()
		memory += x.MemoryMB.Int()
		cpu += max(0, x.CPU.Int())
	}
	if v.Product == aem.Compose {
		return
	}
	v.Utilization.DiskMB, v.Utilization.MemoryMB = whole(disk), whole(memory)
	if s.idleCPU < 0 { // too old to say
		return
	}
	const machine = 400 // percent: the work that keeps two thirds of a machine busy
	busy := 1 - math.Exp(-float64(cpu)/machine)
	cpu = int64(100 * busy)
	v.Utilization.ReplicateCPU = whole(cpu)
	v.Utilization.MachineCPU = whole(cpu + int64(float64(s.idleCPU)*(1-busy)))
}

// named is the first of a list that has a name; nil for none.
func named[T interface{ name() string }](list []T, name string) (found T) {
	for _, x := range list {
		if x.name() == name {
			return x
		}
	}
	return found
}

// find is the one of a list that a segment of a path names, which may be encoded twice.
func find[T interface {
	comparable
	name() string
}](list []T, segment string) (found T) {
	var none T
	for _, name := range spellings(segment) {
		if found = named(list, name); found != none {
			break
		}
	}
	return found
}

// spellings are the names that a segment of a path may mean: itself, or what it
// is when it was encoded twice.
func spellings(segment string) []string {
	if again, err := url.PathUnescape(segment); err == nil && again != segment {
		return []string{segment, again}
	}
	return []string{segment}
}

// replaced is a list with x in the place of the one of its name, or at the end.
func replaced[T interface{ name() string }](list []T, x T) []T {
	i := slices.IndexFunc(list, func(y T) bool { return y.name() == x.name() })
	if i < 0 {
		return append(list, x)
	}
	list[i] = x
	return list
}

func without[T comparable](list []T, x T) []T {
	return slices.DeleteFunc(list, func(y T) bool { return y == x })
}
