package aemtest

import (
	"math"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// life is what makes the values of a generated task move: constants, chosen once,
// of functions of the time. Nothing is remembered from one call to the next, so
// that the values at an instant are the same however often they are asked for.
type life struct {
	rest phase // of a task that does nothing all the time; else its state is ""

	// Changes come at rate*(1+swing*sin) a second, the wave being wave long.
	age              time.Duration // how long it had worked at the start
	rate, swing      float64
	wave             time.Duration
	turn             float64 // where on the wave it began
	inserts, deletes float64 // shares of the changes; the rest are updates
	ddlPerDay        float64
	perTransaction   float64
	changeBytes      float64
	latency, apply   float64       // seconds, around which they swing
	behind           time.Duration // how far it is behind all the time
	errorsPerHour    float64
	memory, disk     float64 // megabytes
	cpu              float64 // percent; negative when the server is too old to say

	load   load
	plan   *plan
	broken int // so many tables, the first, could not be loaded

	outage outage // of a Compose task too
	// What calls of the API did: when it was started last in its own time, how long
	// it had stood then, how many data errors are forgotten.
	restarted  *time.Duration
	missed     time.Duration
	errorsLess int64
	// Incidents; without any the windows never open.
	climb, spill, errors, table window
}

type load struct {
	lasts time.Duration // 0: the task has no full load
	begin time.Duration // since the start of the simulated time
	every time.Duration // 0: once
	rows  float64
	bytes float64 // a row
}

type loadState struct {
	begun, done bool
	begin       time.Duration // since the start of the simulated time
	progress    float64       // of the work, 0..1
	now         time.Duration
}

// worked is how many seconds the task has done its work.
func (l *life) worked(t time.Duration) float64 {
	return max(0, (l.age + t - l.outage.spent(t)).Seconds())
}

// changes is how many changes the task has applied after so many seconds of work:
// the integral of rateAt, which is never negative, so that this never falls.
func (l *life) changes(worked float64) float64 {
	k := 2 * math.Pi / l.wave.Seconds()
	return l.rate * (worked + l.swing/k*(math.Cos(l.turn)-math.Cos(k*worked+l.turn)))
}

func (l *life) rateAt(worked float64) float64 {
	return l.rate * (1 + l.swing*math.Sin(2*math.Pi*worked/l.wave.Seconds()+l.turn))
}

// swung moves v around itself, in another rhythm than the changes have.
func (l *life) swung(v, swing float64, t time.Duration) float64 {
	return v * (1 + swing*math.Sin(2*math.Pi*t.Seconds()/(l.wave.Seconds()*1.37)+l.turn))
}

func (l *life) loadAt(t time.Duration) loadState {
	s := loadState{begin: l.load.begin, now: t}
	if l.load.lasts == 0 || t < s.begin {
		return s
	}
	if l.load.every > 0 {
		s.begin += (t - s.begin) / l.load.every * l.load.every
	}
	s.begun = true
	work := t - s.begin - (l.outage.spent(t) - l.outage.spent(s.begin))
	s.progress = min(1, float64(work)/float64(l.load.lasts))
	s.done = work >= l.load.lasts
	return s
}

func (l *life) loadTime(s loadState, part float64) time.Duration {
	work := time.Duration(part * float64(l.load.lasts))
	return s.begin + l.outage.stretch(s.begin, work)
}

// lag is the latency, in seconds, of the source and in all.
func (l *life) lag(t time.Duration) (source, total float64) {
	source = l.swung(l.latency, 0.5, t)
	source += l.behind.Seconds()
	total = source + l.swung(l.apply, 0.6, t)
	behind := 0.0
	if elapsed, open := l.climb.at(t); open {
		behind += climbed(elapsed, l.climb.lasts)
	}
	switch ago, open := l.outage.at(t); {
	case open:
		behind += ago.Seconds()
	case ago >= 0:
		behind += l.outage.lasts.Seconds() * math.Exp(-(ago-l.outage.lasts).Seconds()/catchUp)
	}
	if l.restarted != nil && t >= *l.restarted {
		behind += l.missed.Seconds() * math.Exp(-(t-*l.restarted).Seconds()/catchUp)
	}
	return source + behind*0.2, total + behind
}

// catchUp is how many seconds pass until a third of a delay is left.
const catchUp = 45.0

// climbed is how far behind a task is that falls behind for most of a stretch and
// then catches up.
func climbed(elapsed, lasts time.Duration) float64 {
	const steep, turn = 4.0, 0.7 // seconds a second; part of the stretch
	top := turn * lasts.Seconds()
	if e := elapsed.Seconds(); e > top {
		return steep * top * (1 - (e-top)/(lasts.Seconds()-top))
	}
	return steep * elapsed.Seconds()
}

func (l *life) dataErrors(worked float64, t time.Duration) int64 {
	return int64(worked/3600*l.errorsPerHour) + int64(l.errors.spent(t).Seconds()/3) - l.errorsLess
}

func instant(start time.Time, t time.Duration) time.Time {
	return start.Add(t).Truncate(time.Second)
}

// composeLife is what makes the values of a generated Compose task move: it runs
// for a while, rests, and runs again.
type composeLife struct {
	window           // of a run
	tables, commands int64
	failing          bool // every run ends in an error half way
}

func (t *task) composeAt(now time.Time) Task {
	v, l := t.static, &t.compose
	at, idle, halted := t.own(now)
	elapsed, running := l.at(at)
	begin := at - elapsed
	part := min(1, float64(elapsed)/float64(l.lasts))
	v.StopReason, v.State = aem.StopNone, aem.TaskRunning
	if l.failing && part >= 0.5 {
		part, running = 0.5, false
	}
	x := &v.Loading
	x.Start = t.instant(begin)
	completed := int64(part * float64(l.tables))
	var loading, wrong int64
	switch {
	case running:
		loading = min(3, l.tables-completed)
	case l.failing:
		v.State = aem.TaskError
		v.Message = "ETL set failed\r\nSee the task log"
		x.End = t.instant(begin + l.lasts/2)
		wrong = min(1, l.tables-completed)
	default:
		v.State = aem.TaskStopped
		x.Completed = aem.BoolOf(true)
		x.End = t.instant(begin + l.lasts)
	}
	if p, out := t.life.outage.phaseAt(at); out {
		v.State, v.Message = p.state, p.message
	}
	if halted {
		v.idle(idle)
		loading = 0
	}
	x.TablesTotal, x.TablesCompleted, x.TablesLoading = whole(l.tables), whole(completed), whole(loading)
	x.TablesWithError, x.TablesQueued = whole(wrong), whole(l.tables-completed-loading-wrong)
	x.CommandsTotal, x.CommandsCompleted = whole(l.commands), whole(part*float64(l.commands))
	return v
}

// nextRun is when the run begins that goes on at a moment, or the next one when
// there is none or it has failed.
func (l *composeLife) nextRun(own time.Duration) time.Duration {
	elapsed, open := l.at(own)
	if open && (!l.failing || elapsed < l.lasts/2) {
		return own
	}
	return own - elapsed + l.every
}
