package aem

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	waitBase = time.Second // between the first looks at a task
	waitMax  = 15 * time.Second
	// beginGrace is how long Enterprise Manager may show the state before a run that has
	// begun.
	beginGrace = 30 * time.Second
)

// Wait says how a task is waited for. The zero Wait is good.
type Wait struct {
	// Every is the time between two looks; with 0 the first is a second, and it doubles up
	// to 15 seconds.
	Every time.Duration
	Look  func(*TaskDetails) // is called with the task at every look
	// EvenIfMissing waits for a task that does not exist yet, too: after an import it takes a
	// moment to be seen.
	EvenIfMissing bool
	// StartWithin is how long RunToEnd lets RunTask wait for the start; 0 means a minute.
	StartWithin time.Duration
}

// WaitFor looks at a task, ever more rarely, until until returns true, and returns
// how the task then is. Faults that pass (ErrTimeout, ErrConnection,
// ErrServerNotConnected) do not end it; other errors do, and so does the end of ctx,
// which is an ErrTimeout or, when it was cancelled, of KindCanceled. What a task does
// takes some seconds to be seen in Enterprise Manager.
//
// Calls: GetTaskDetails.
func (s TasksService) WaitFor(
	ctx context.Context, ref TaskRef, until func(*TaskDetails) bool, w Wait,
) (*TaskDetails, error) {
	state := TaskState("unknown")
	for pauseFor := waitBase; ; pauseFor = min(2*pauseFor, waitMax) {
		if w.Every > 0 {
			pauseFor = w.Every
		}
		details, err := s.Details(ctx, ref)
		switch {
		case err == nil:
			if w.Look != nil {
				w.Look(details)
			}
			if until(details) {
				return details, nil
			}
			state = details.State
		case ctx.Err() == nil && !w.bears(err):
			return nil, err
		}
		if err := pause(ctx, time.Now().Add(2*pauseFor), pauseFor); err != nil {
			return nil, ended("GetTaskDetails", fmt.Sprintf("while waiting for a task, which was last seen %s", state), err)
		}
	}
}

// bears reports whether a fault does not end the wait.
func (w Wait) bears(err error) bool {
	if errors.Is(err, ErrLogin) {
		return false
	}
	return errors.Is(err, ErrTimeout) || errors.Is(err, ErrConnection) || errors.Is(err, ErrServerNotConnected) ||
		w.EvenIfMissing && errors.Is(err, ErrNotFound)
}

// WaitForState is WaitFor until the task is in one of the states. A task in the state
// error is not waited for unless that is one of them: the result is then how it is,
// with an ErrTaskFailed.
//
// Calls: GetTaskDetails.
func (s TasksService) WaitForState(ctx context.Context, ref TaskRef, states ...TaskState) (*TaskDetails, error) {
	details, err := s.WaitFor(ctx, ref, func(d *TaskDetails) bool {
		return d.State == TaskError || slices.Contains(states, d.State)
	}, Wait{})
	if err != nil || slices.Contains(states, details.State) {
		return details, err
	}
	return details, s.failed(details)
}

func (s TasksService) failed(details *TaskDetails) *Error {
	message := s.core.session.scrub.clean(details.Message, maxKept)
	if message == "" {
		message = "the task is in the state error"
	}
	return &Error{Operation: "GetTaskDetails", Kind: KindFailed, Message: message}
}

// RunReport says how a run has ended.
type RunReport struct {
	Task          TaskRef
	Details       *TaskDetails // at the end; nil when the end was not seen
	StopReason    StopReason
	TablesInError []TableInfo // of a Replicate task
	Took          time.Duration
}

// RunToEnd starts a task that comes to an end by itself, such as a full load or a Compose
// task, and waits for the end. It sees the new run begin first, as Enterprise Manager shows
// the end of the one before for a while. A run that ends in an error is an ErrTaskFailed
// beside the report. How long it may take, ctx says.
//
// Calls: GetTaskDetails, RunTask, GetTableList.
func (s TasksService) RunToEnd(ctx context.Context, ref TaskRef, how RunOption, w Wait) (*RunReport, error) {
	report := &RunReport{Task: ref}
	before, err := s.Details(ctx, ref)
	if err != nil {
		return report, err
	}
	began := time.Now()
	result, err := s.Run(ctx, ref, how, w.StartWithin)
	// It may have failed at once, which is an end, or take longer to start.
	if err != nil && !errors.Is(err, ErrTaskFailed) && !errors.Is(err, ErrTaskTimeout) {
		return report, err
	}
	ran := false
	report.Details, err = s.WaitFor(ctx, ref, func(d *TaskDetails) bool {
		ran = ran || d.isRunAfter(before) || result != nil && time.Since(began) > beginGrace
		return ran && (d.State == TaskStopped || d.State == TaskError)
	}, w)
	report.Took = time.Since(began).Round(time.Millisecond)
	if err != nil {
		return report, err
	}
	report.StopReason = report.Details.StopReason
	if report.Details.Product == Replicate && report.Details.FullLoad.TablesWithError.Int() > 0 {
		if report.TablesInError, err = (TablesService(s)).List(ctx, ref, TableFilter{Error: true}); err != nil {
			return report, err
		}
	}
	if report.Details.State == TaskError {
		return report, s.failed(report.Details)
	}
	return report, nil
}

// isRunAfter reports whether a task is in, or has ended, a run that is not the one before.
func (t *TaskDetails) isRunAfter(before *TaskDetails) bool {
	switch t.State {
	case TaskStopped, TaskError:
		return t.State != before.State || t.StopReason != before.StopReason || t.Message != before.Message ||
			!t.FullLoad.Start.Equal(before.FullLoad.Start) || !t.FullLoad.End.Equal(before.FullLoad.End) ||
			!t.Loading.Start.Equal(before.Loading.Start) || !t.Loading.End.Equal(before.Loading.End)
	}
	return true
}

// TaskOutcome is what came of one of many tasks.
type TaskOutcome struct {
	Task   TaskRef
	Result *TaskResult // nil when there is none
	Err    error
}

// Many says how many tasks are handled.
type Many struct {
	AtOnce  int               // so many at once; 0 means 8
	Timeout time.Duration     // of each; 0 means a minute
	Told    func(TaskOutcome) // is called as each ends, one at a time
	Options []CallOption
}

// RunAll starts many tasks, several at once, and reports of each, in their order. After the
// end of ctx no more are started.
//
// Calls: RunTask.
func (s TasksService) RunAll(ctx context.Context, tasks []TaskRef, how RunOption, many Many) []TaskOutcome {
	return many.do(ctx, opRunTask, tasks, func(ref TaskRef) (*TaskResult, error) {
		return s.Run(ctx, ref, how, many.Timeout, many.Options...)
	})
}

// StopAll stops many tasks, as RunAll starts them.
//
// Calls: StopTask.
func (s TasksService) StopAll(ctx context.Context, tasks []TaskRef, many Many) []TaskOutcome {
	return many.do(ctx, opStopTask, tasks, func(ref TaskRef) (*TaskResult, error) {
		return s.Stop(ctx, ref, many.Timeout, many.Options...)
	})
}

const atOnce = 8

// do does something with all tasks, several at once.
func (m Many) do(
	ctx context.Context, operation string, tasks []TaskRef, do func(TaskRef) (*TaskResult, error),
) []TaskOutcome {
	if m.AtOnce <= 0 {
		m.AtOnce = atOnce
	}
	var (
		all      sync.WaitGroup
		tell     sync.Mutex
		outcomes = make([]TaskOutcome, len(tasks))
		slots    = make(chan struct{}, m.AtOnce)
	)
	for i, ref := range tasks {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			o := TaskOutcome{Task: ref}
			if err := ctx.Err(); err != nil {
				o.Err = ended(operation, "before its turn", err)
			} else {
				o.Result, o.Err = do(ref)
			}
			outcomes[i] = o
			if m.Told != nil {
				tell.Lock()
				defer tell.Unlock()
				m.Told(o)
			}
		})
	}
	all.Wait()
	return outcomes
}
