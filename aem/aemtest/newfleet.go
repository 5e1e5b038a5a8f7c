package aemtest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

type builder struct {
	opts  Options
	plans []*plan
	odd   *plan
	built int // tasks so far
}

func newBuilder(o Options) *builder {
	return &builder{opts: o, plans: newPlans(o.TablesPerTask), odd: newPlan(oddTables(), len(oddTables()), 0)}
}

func (b *builder) fleet() []*server {
	o := b.opts
	var fleet []*server
	for i := range o.Servers {
		fleet = append(fleet, b.replicateServer(i))
	}
	for i := range o.ComposeServers {
		fleet = append(fleet, b.composeServer(i))
	}
	for _, s := range fleet {
		b.equip(s)
	}
	if o.Incidents {
		scheduleIncidents(fleet)
	}
	if o.OddNames {
		odd := b.oddServer()
		b.equip(odd)
		fleet = append(fleet, odd)
	}
	return fleet
}

// random is a source of chance that belongs to one entity, so that it is the same
// whatever else the fleet has.
func (b *builder) random(names ...string) *rand.Rand {
	h := fnv.New64a()
	for _, n := range names {
		h.Write([]byte(n))
		h.Write([]byte{0})
	}
	return rand.New(rand.NewPCG(b.opts.Seed, h.Sum64()))
}

// between chooses evenly, wide chooses so that each power of ten is as likely.
func between(r *rand.Rand, lo, hi float64) float64 { return lo + r.Float64()*(hi-lo) }
func wide(r *rand.Rand, lo, hi float64) float64 {
	return math.Exp(between(r, math.Log(lo), math.Log(hi)))
}

func someTime(r *rand.Rand, lo, hi time.Duration) time.Duration {
	return time.Duration(between(r, lo.Seconds(), hi.Seconds())) * time.Second
}

func (b *builder) newServer(product aem.Product, n int, name, host string) *server {
	r := b.random("server", name)
	today := b.opts.Start.Truncate(24 * time.Hour)
	s := &server{start: b.opts.Start, idleCPU: int64(between(r, 3, 20))}
	s.static.ServerDetails = aem.ServerDetails{
		Product: product, Name: name, Host: host, Port: "443", Platform: aem.PlatformWindows, State: aem.ServerMonitored,
		Version:  fmt.Sprintf("2024.%d.0.%d", 5+6*r.IntN(2), 100+r.IntN(800)),
		Username: DefaultDomain + `\svc_qem`,
		License: aem.License{
			State:   aem.LicenseValid,
			Issued:  today.AddDate(0, 0, -30-r.IntN(300)),
			Expires: today.AddDate(0, 0, 40+r.IntN(400)),
		},
	}
	if n%3 == 2 {
		s.static.Platform, s.static.Port = aem.PlatformLinux, "3552"
	}
	return s
}

func (b *builder) replicateServer(n int) *server {
	name, host := serverNames(n)
	s := b.newServer(aem.Replicate, n, name, host)
	if n == 0 {
		s.static.Description = "Production, first data centre"
	}
	if !b.opts.Healthy {
		b.trouble(s, n)
	}
	kinds := taskKinds()
	r := b.random("tasks", name)
	var staging string
	for i := range b.opts.TasksPerServer {
		kind := kinds[b.built%len(kinds)]
		b.built++
		source, target := sources()[r.IntN(len(sources()))], targets()[r.IntN(len(targets()))]
		t := b.replicateTask(s, kind, taskName(i, source, target), source, target)
		switch {
		case kind.logStream:
			staging = t.static.Name
		case kind.fromLogStream:
			t.static.LogStreamStaging = staging
		}
		s.tasks = append(s.tasks, t)
	}
	return s
}

func (b *builder) trouble(s *server, n int) {
	v, today := &s.static, b.opts.Start.Truncate(24*time.Hour)
	switch n % 25 {
	case 2: // its licence ends soon
		v.License.Expires = today.AddDate(0, 0, 12)
	case 3: // a licence without end
		v.License.Expires = time.Time{}
	case 4:
		v.State = aem.ServerError
		v.Message = fmt.Sprintf("Failed to connect to server '%s'.\r\nUnable to connect to the remote server", v.Name)
		v.LastConnection = b.opts.Start.Add(-61 * time.Hour).Truncate(time.Second)
	case 5: // never reached
		v.State, v.Platform, v.Version = aem.ServerNotMonitored, aem.PlatformUnknown, ""
	case 6: // its licence has ended
		v.License.Expires = today.AddDate(0, 0, -7)
	case 7: // too old to tell its CPU
		v.Version, s.idleCPU = "6.1.0.423", -1
	}
}

func (b *builder) composeServer(n int) *server {
	name := "Compose Server DW"
	if n > 0 {
		name = fmt.Sprintf("compose-%02d", n+1)
	}
	s := b.newServer(aem.Compose, 0, name, fmt.Sprintf("compose-%02d.example.net", n+1))
	for i := range b.opts.TasksPerServer {
		s.tasks = append(s.tasks, b.composeTask(s, i, ""))
	}
	return s
}

func (b *builder) oddServer() *server {
	s := b.newServer(aem.Replicate, 0, `odd/ser%ver #1 ?&+ "Zürich"\`, "odd.example.net")
	kind := taskKinds()[0]
	for i, name := range oddTasks() {
		t := b.replicateTask(s, kind, name, sources()[i%len(sources())], targets()[i%len(targets())])
		t.static.Tags = append(t.static.Tags, "tag: "+name)
		if i == 0 {
			t.static.Description = "line one\r\n\tline two \"quoted\" \\ \u0001"
		}
		if b.opts.TablesPerTask > 0 {
			t.life.plan = b.odd
		}
		s.tasks = append(s.tasks, t)
	}
	return s
}

const planSets = 8

func newPlans(tables int) []*plan {
	plans := make([]*plan, planSets)
	for i := range plans {
		plans[i] = newPlan(schemaTables(), tables, i)
	}
	return plans
}

func newPlan(names []tableKey, count, variant int) *plan {
	p := &plan{}
	for i := range count {
		j := (i + 3*variant) % len(names)
		t := planTable{tableKey: names[j]}
		if round := i / len(names); round > 0 {
			t.name = fmt.Sprintf("%s_%d", t.name, round+1)
		}
		t.targetSchema, t.targetName = t.schema, t.name
		if variant%3 == 1 {
			t.targetSchema = "STAGE"
		}
		p.tables = append(p.tables, t)
	}
	p.share(variant, 7)
	return p
}
