package aemtest

import "time"

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
	v.StopReason = "NONE"
	v.State = Running
	if l.failing && part >= 0.5 {
		part, running = 0.5, false
	}
	x := &v.Loading
	x.Start = t.instant(begin)
	x.TablesTotal, x.CommandsTotal = l.tables, l.commands
	x.TablesCompleted = int64(part * float64(l.tables))
	x.CommandsCompleted = int64(part * float64(l.commands))
	switch {
	case running:
		x.TablesLoading = min(3, l.tables-x.TablesCompleted)
		x.TablesQueued = l.tables - x.TablesCompleted - x.TablesLoading
	case l.failing:
		v.State = Failed
		v.Message = "ETL set failed\r\nSee the task log"
		x.End = t.instant(begin + l.lasts/2)
		x.TablesWithError = min(1, l.tables-x.TablesCompleted)
		x.TablesQueued = l.tables - x.TablesCompleted - x.TablesWithError
	default:
		v.State = Stopped
		x.Completed = true
		x.End = t.instant(begin + l.lasts)
	}
	if p, out := t.life.outage.phaseAt(at); out {
		v.State, v.Message = p.state, p.message
	}
	if halted {
		v.idle(idle)
		x.TablesQueued, x.TablesLoading = x.TablesQueued+x.TablesLoading, 0
	}
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
