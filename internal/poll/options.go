// Package poll reads Enterprise Managers, each server on its own, and hands on what it sees
// while it sees it: a value is as old as its own reading, and waits for nobody.
//
// The way through it: the table of kinds says what can be read. A watch arranges the readings of
// one server, a roster the watches. An alarm says when a reading is due, package gate when its
// call may go, package answer what came of it. Its watch takes it over, and publishes it.
package poll

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
)

// Options say what is polled, and how.
type Options struct {
	choose.Choice
	StateInterval     time.Duration // between two readings of a list; default 15 s, at most PollInterval
	PollInterval      time.Duration // between two readings of details; default 60 s
	RequestTimeout    time.Duration // of one request, as the client has it; default 10 s
	MaxAge            time.Duration // what is older is not served; 0: three times its interval or sweep
	Concurrency       int           // requests under way at a time; default 16
	RequestsPerSecond float64       // at most; 0: no limit. The client must not have one, too

	Tables     choose.TableOptions
	Objectives []choose.Objective   // what is expected of tasks
	Limits     []choose.ServerLimit // what servers have; the first that matches

	// The optional collectors. None of them reads anything by default.
	Endpoints         bool
	EndpointTests     choose.EndpointTestOptions // only while Run runs
	ACLs              time.Duration              // between two readings; 0: none
	RetentionBarriers time.Duration              // between two readings; 0: none

	Logger    *slog.Logger   // gets the manager\'s name with every line
	Journal   *fleet.Journal // gets every change that is seen; default: one of its own
	Publisher Publisher      // gets all that is seen
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

// complete fills in what was left out.
func (o Options) complete() *Options {
	o.PollInterval = cmp.Or(max(o.PollInterval, 0), time.Minute)
	o.StateInterval = min(cmp.Or(max(o.StateInterval, 0), 15*time.Second), o.PollInterval)
	o.RequestTimeout = cmp.Or(max(o.RequestTimeout, 0), 10*time.Second)
	o.Concurrency = cmp.Or(max(o.Concurrency, 0), 16)
	o.Tables.Mode = cmp.Or(o.Tables.Mode, choose.Off)
	if o.Tables.Interval = cmp.Or(max(o.Tables.Interval, 0), 5*o.PollInterval); o.Tables.Mode == choose.Off {
		o.Tables.Interval = 0
	}
	o.EndpointTests.Timeout = cmp.Or(max(o.EndpointTests.Timeout, 0), time.Minute)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.Journal = cmp.Or(o.Journal, &fleet.Journal{})
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
