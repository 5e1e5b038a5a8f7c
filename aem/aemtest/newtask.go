package aemtest

import (
	"fmt"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

type kind struct {
	loads, applies, stores, audits bool
	again                          bool // the full load is repeated
	logStream, fromLogStream       bool
	bidirectional                  bool
	behind                         time.Duration // how much later than others it is
	broken                         int           // tables that could not be loaded
	rest                           phase
	fragile                        bool // fails and recovers by itself
}

// taskKinds are the kinds in the order in which a fleet gets them; after those in
// trouble come many that are well.
func taskKinds() []kind {
	well := kind{loads: true, applies: true}
	kinds := []kind{
		well,
		well,
		{logStream: true, applies: true},
		{loads: true, applies: true, fromLogStream: true},
		{loads: true, applies: true, again: true},
		{loads: true, again: true},
		{loads: true, applies: true, rest: phase{state: aem.TaskStopped, reason: aem.StopNormal}},
		{loads: true, applies: true, fragile: true},
		{loads: true, stores: true},
		{loads: true, applies: true, broken: 2, rest: phase{state: aem.TaskError, reason: aem.StopFatalError,
			message: "Stop Reason FATAL_ERROR Error Level FATAL\r\nEncountered a fatal error\r\nCannot connect to the " +
				"target endpoint"}},
		{applies: true},
		{loads: true, applies: true, bidirectional: true},
		{loads: true, applies: true, behind: 30 * time.Hour},
		{loads: true, applies: true, broken: 1},
		{loads: true, audits: true},
		{loads: true, applies: true, again: true},
		{loads: true, applies: true, rest: phase{state: aem.TaskStopped, reason: aem.StopAfterFullLoad}},
	}
	for len(kinds) < 40 {
		kinds = append(kinds, well)
	}
	return kinds
}

func (k kind) healthy() kind {
	k.rest, k.fragile, k.broken, k.behind = phase{}, false, 0, 0
	k.again = k.again && k.applies
	k.applies = k.applies || !k.stores && !k.audits
	return k
}

func (b *builder) replicateTask(s *server, k kind, name string, source, target endpointKind) *task {
	if b.opts.Healthy {
		k = k.healthy()
	}
	r := b.random("task", s.static.Name, name)
	t := &task{product: aem.Replicate, start: b.opts.Start, steer: newSteering()}
	v := &t.static
	v.TaskDetails = givenTask(aem.TaskDetails{
		Product: aem.Replicate, Type: "AemReplicateTaskInfoDetailed", Name: name, Profile: "UNIDIRECTIONAL",
		Source: aem.TaskEndpoint{Name: "src_" + source.word, Type: source.kind},
		Target: aem.TaskEndpoint{Name: "tgt_" + target.word, Type: target.kind},
		Options: aem.TaskOptions{
			FullLoad: aem.BoolOf(k.loads), ApplyChanges: aem.BoolOf(k.applies), StoreChanges: aem.BoolOf(k.stores),
			AuditChanges: aem.BoolOf(k.audits),
		},
	})
	switch {
	case k.logStream:
		v.Profile, v.Target = "LOG_STREAM", aem.TaskEndpoint{Name: "log_stream", Type: "Log Stream"}
	case k.bidirectional:
		v.Profile = "BIDIRECTIONAL"
	}
	if r.IntN(4) == 0 {
		v.Description = "Feeds " + target.kind + " from " + source.kind
	}
	pool := tagPool()
	for i := range r.IntN(4) {
		v.Tags = append(v.Tags, pool[(r.IntN(3)*3+i)%len(pool)])
	}
	t.life = b.life(k, name, s)
	if s.idleCPU < 0 {
		t.life.cpu = -1
	}
	return t
}

// ages is how often something had happened before the start.
const ages = 1000

func (b *builder) life(k kind, name string, s *server) life {
	r := b.random("life", s.static.Name, name)
	l := life{
		rest:           k.rest,
		age:            someTime(r, time.Hour, 40*24*time.Hour),
		rate:           wide(r, 3, 2500),
		swing:          between(r, 0.2, 0.8),
		wave:           someTime(r, 2*time.Minute, 15*time.Minute),
		turn:           between(r, 0, 6),
		inserts:        between(r, 0.1, 0.5),
		deletes:        between(r, 0.01, 0.1),
		ddlPerDay:      between(r, 0, 0.5),
		perTransaction: wide(r, 2, 60),
		changeBytes:    wide(r, 150, 3000),
		latency:        between(r, 1, 6),
		behind:         k.behind,
		apply:          wide(r, 2, 50),
		memory:         wide(r, 80, 3000),
		disk:           wide(r, 5, 4000),
		cpu:            wide(r, 1, 25),
		plan:           b.plans[r.IntN(len(b.plans))],
		broken:         k.broken,
	}
	if r.IntN(3) == 0 {
		l.errorsPerHour = wide(r, 0.01, 2)
	}
	if k.loads {
		l.load = load{lasts: someTime(r, 3*time.Minute, 12*time.Minute), bytes: wide(r, 100, 2000)}
		l.load.begin = -l.age
		if k.again {
			l.load.every = l.load.lasts + someTime(r, 2*time.Minute, 10*time.Minute)
			l.load.begin = -someTime(r, 0, l.load.lasts/2) - ages*l.load.every
		}
		l.load.rows = l.load.lasts.Seconds() * wide(r, 200, 40000)
	}
	if k.fragile {
		w := window{begin: someTime(r, 20*time.Second, 3*time.Minute), lasts: 150 * time.Second, every: 15 * time.Minute}
		l.outage = newOutage(w, failure(name, w.lasts))
	}
	return l
}

// failure is what a task says that tries to recover, fails, and is started again.
func failure(name string, lasts time.Duration) []phase {
	const recovers, starts = 45 * time.Second, 15 * time.Second
	return []phase{
		{recovers, aem.TaskRecovering, aem.StopRecoverableError,
			fmt.Sprintf("Task '%s' encountered a recoverable error", name)},
		{lasts - recovers - starts, aem.TaskError, aem.StopFatalError,
			fmt.Sprintf("Stop Reason FATAL_ERROR Error Level FATAL\r\nTask '%s' encountered a fatal error", name)},
		{starts, aem.TaskStarting, aem.StopNone, ""},
	}
}

func (b *builder) composeTask(s *server, n int, name string) *task {
	project := projects()[n/3%len(projects())]
	if name == "" {
		short := []string{"DW_LOAD", "DM_REFRESH", "LAKE_STAGE", "NIGHTLY FLOW", "COMPACT"}[n%5]
		if round := n / 15; round > 0 {
			short = fmt.Sprintf("%s_%d", short, round+1)
		}
		name = short + "__" + project
	}
	r := b.random("compose", s.static.Name, name)
	t := &task{product: aem.Compose, start: b.opts.Start, steer: newSteering()}
	t.static.TaskDetails = givenTask(aem.TaskDetails{
		Product: aem.Compose, Name: name, Project: project,
		Type: []string{"AemComposeDWTaskInfoDetailed", "AemComposeDMTaskInfoDetailed",
			"AemComposeDLTaskInfoDetailed"}[n%3],
		Profile: []string{"Data Warehouse", "Data Mart", "Data Storage", "Workflow", "Compactor"}[n%5],
		Options: aem.TaskOptions{FullLoad: aem.BoolOf(true), ApplyChanges: aem.BoolOf(n%2 == 0)},
		Source:  aem.TaskEndpoint{Name: "landing_sql", Type: "Microsoft SQL Server"},
		Target:  aem.TaskEndpoint{Name: "dw_snow", Type: "Snowflake"},
	})
	if n%3 == 0 {
		t.static.Tags = []string{"dw"}
	}
	tables := 5 + int64(r.IntN(60))
	t.compose = composeLife{tables: tables, commands: tables*6 + int64(r.IntN(20)), failing: n%4 == 1 && !b.opts.Healthy}
	t.compose.lasts = someTime(r, 3*time.Minute, 9*time.Minute)
	t.compose.every = t.compose.lasts + someTime(r, time.Minute, 6*time.Minute)
	t.compose.begin = -someTime(r, 0, t.compose.every) - ages*t.compose.every
	if b.opts.Healthy {
		t.compose.every = t.compose.lasts
	}
	return t
}
