// Package poll reads Enterprise Managers, each server on its own, and hands on what it sees
// while it sees it: a value is as old as its own reading, and waits for nobody.
//
// The way through it: an agenda says when a reading is due; the gate says when its call may
// go; fault says what its end means; the watch of its server makes fleet values of it and
// publishes them. The poller owns the roster, which says whom to watch.
package poll

import (
	"cmp"
	"log/slog"
	"regexp"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Options say what is polled, and how.
type Options struct {
	Manager string // the configured name of the Enterprise Manager

	StateInterval     time.Duration // between two readings of a list; default 15 s, at most PollInterval
	PollInterval      time.Duration // between two readings of details; default 60 s
	RequestTimeout    time.Duration // of one request, as the client has it; default 10 s
	MaxAge            time.Duration // what is older is not served; 0: three times its interval or sweep
	Concurrency       int           // requests under way at a time; default 16
	RequestsPerSecond float64       // at most; 0: no limit. The client must not have one, too

	Servers, Tasks Filter
	Tags           []string // when given, only tasks that bear one of them
	Tables         TableOptions
	Objectives     []Objective   // what is expected of tasks
	Limits         []ServerLimit // what servers have; the first that matches

	// The optional collectors. None of them reads anything by default.
	Endpoints         bool
	EndpointTests     EndpointTestOptions // only while Run runs
	ACLs              time.Duration       // between two readings; 0: none
	RetentionBarriers time.Duration       // between two readings; 0: none

	// This is instance Shard (from 0) of TotalShards; 0 and 1 mean all servers.
	Shard, TotalShards int

	Logger    *slog.Logger   // gets the manager's name with every line; default: none
	Journal   *fleet.Journal // gets every change that is seen; default: one of its own
	Publisher Publisher      // gets all that is seen; default: nobody
}

// Publisher gets what a poller sees, bit by bit. Its methods are called one after the other,
// and hold the poller up: they must be quick.
type Publisher interface {
	// Roster takes the place of the last one.
	Roster(*fleet.Roster)
	// Server takes the place of the last one of its name. What is unchanged keeps its pointer:
	// Details, the slice Tasks, and its elements.
	Server(*fleet.Server)
	// Gone: there is nothing more to serve of a server.
	Gone(server string)
	// Polled: a reading of the server list, or a sweep of a server's details, has ended.
	Polled(fleet.Result)
	// Failed: an answer that was good for the client does not count.
	Failed(operation, reason string)
}

// Unpublished is a Publisher for those who ask View alone.
type Unpublished struct{}

// Nothing is made of what it is told.
func (Unpublished) Roster(*fleet.Roster)            {}
func (Unpublished) Server(*fleet.Server)            {}
func (Unpublished) Gone(string)                     {}
func (Unpublished) Polled(fleet.Result)             {}
func (Unpublished) Failed(operation, reason string) {}

// TableMode says what is asked about tables.
type TableMode string

// The table modes.
const (
	Off     TableMode = "off"     // no table statuses are asked for
	Summary TableMode = "summary" // counts by state
	Errors  TableMode = "errors"  // and the tables in error or with data errors
	All     TableMode = "all"     // and every table that the filter leaves
)

// TableOptions choose the tables that are served.
type TableOptions struct {
	Mode     TableMode     // "" is Off
	Filter   Filter        // on "schema.table"; counts by state are over all tables
	Interval time.Duration // between two readings; default: five times PollInterval
	Limit    int           // tables kept per Enterprise Manager; 0: no limit
}

// EndpointTestOptions say which endpoints are tested, and how.
type EndpointTestOptions struct {
	Interval time.Duration // between two tests of one endpoint; 0: none is tested
	Filter   Filter        // on endpoint names
	Timeout  time.Duration // of one test; default 60 s
}

// Objective is what is expected of the tasks that it matches; what is zero, it does not say.
// The expressions are anchored; nil matches everything. All of them must match.
type Objective struct {
	Server, Task, Tag *regexp.Regexp
	Latency, FullLoad time.Duration
	Running           *bool
	Priority          string // fleet.PriorityPage, ...
}

// ServerLimit is what the servers have that it matches.
type ServerLimit struct {
	Server       *regexp.Regexp // anchored; nil matches any name
	Memory, Disk int64          // bytes; 0 is not known
}

// complete fills in what was left out.
func (o Options) complete() *Options {
	o.PollInterval = cmp.Or(max(o.PollInterval, 0), time.Minute)
	o.StateInterval = min(cmp.Or(max(o.StateInterval, 0), 15*time.Second), o.PollInterval)
	o.RequestTimeout = cmp.Or(max(o.RequestTimeout, 0), 10*time.Second)
	o.Concurrency = cmp.Or(max(o.Concurrency, 0), 16)
	o.Tables.Mode = cmp.Or(o.Tables.Mode, Off)
	o.Tables.Interval = cmp.Or(max(o.Tables.Interval, 0), 5*o.PollInterval)
	o.EndpointTests.Timeout = cmp.Or(max(o.EndpointTests.Timeout, 0), time.Minute)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Journal == nil {
		o.Journal = &fleet.Journal{}
	}
	if o.Publisher == nil {
		o.Publisher = Unpublished{}
	}
	return &o
}

// maxAge is how long what was read may be served: never less than two of its intervals. A
// sweep that takes long gives it more time, unless the configuration says how much.
func (o *Options) maxAge(interval, sweep time.Duration) time.Duration {
	if o.MaxAge > 0 {
		return max(o.MaxAge, 2*interval)
	}
	return 3 * max(interval, sweep, o.PollInterval)
}
