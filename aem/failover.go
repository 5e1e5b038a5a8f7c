package aem

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Failover is the switch of an Oracle source endpoint to another database, as the
// guide's appendix A describes it. It needs three endpoints: the one that tasks use,
// say MyOracle, and one for each database, named MyOracle__Primary and
// MyOracle__Secondary, with the internal parameter supportResetLog set.
type Failover struct {
	Endpoint      EndpointRef // that tasks use: MyOracle
	Configuration string      // of the database to switch to: Secondary; to go back, Primary

	// Switch, when it is not nil, makes the databases change roles, in a planned
	// switchover: the tasks are stopped before it and resumed after it. Without it the
	// other database must already have taken over, and the server restarts the tasks.
	Switch func(ctx context.Context) error

	// TaskTimeout is how long a task may take to stop or start; 0 means 5 minutes.
	TaskTimeout time.Duration
	// Settle is how long the server's restart of the tasks may take to be seen; 0
	// means 30 seconds. Before it has passed, a task that runs may still run on the
	// old database.
	Settle time.Duration
}

// FailoverReport says how far a failover came. It is also good beside an error.
type FailoverReport struct {
	Tasks        []string // that use the endpoint and were running or recovering
	Stopped      []string // of these, by the failover
	Reconfigured bool     // the server has accepted the other configuration
	Running      []string // of Tasks, seen running after that
}

// Failover switches an endpoint to another configuration and returns when all tasks
// that used it run again. When it fails it leaves everything as it is then; the
// report tells which tasks are stopped. It needs the roles that its calls need.
//
// Calls: GetEndpointList, GetTaskList, GetTaskDetails, StopTask,
// ReconfigureEndpointNoWait, RunTask.
func (s EndpointsService) Failover(ctx context.Context, f Failover) (*FailoverReport, error) {
	if f.TaskTimeout <= 0 {
		f.TaskTimeout = 5 * time.Minute
	}
	if f.Settle <= 0 {
		f.Settle = 30 * time.Second
	}
	report := &FailoverReport{}
	if err := s.checkFailover(ctx, f); err != nil {
		return report, err
	}
	tasks := TasksService(s)
	var err error
	if report.Tasks, err = tasks.runningFrom(ctx, f.Endpoint); err != nil {
		return report, err
	}
	if f.Switch == nil {
		return report, s.recycle(ctx, f, report)
	}
	return report, s.switchOver(ctx, f, report)
}

// checkFailover refuses one whose endpoints are not as they should be.
func (s EndpointsService) checkFailover(ctx context.Context, f Failover) error {
	if f.Configuration == "" {
		return refusal(opReconfigure, "the configuration is empty")
	}
	endpoints, err := s.List(ctx, f.Endpoint.Server, Skipped(new(int)))
	if err != nil {
		return err
	}
	find := func(name string) int {
		return slices.IndexFunc(endpoints, func(e Endpoint) bool { return e.Name == name })
	}
	i := find(f.Endpoint.Endpoint)
	switch {
	case i < 0:
		return refusal(opReconfigure, "the server has no such endpoint")
	case endpoints[i].Role == EndpointTarget || !strings.Contains(strings.ToLower(endpoints[i].Type), "oracle"):
		return refusal(opReconfigure, "only an Oracle source endpoint can be switched")
	case find(f.Endpoint.Endpoint+configurationMark+f.Configuration) < 0:
		return refusal(opReconfigure, "the server has no endpoint of the name of this one, two underscores and the "+
			"configuration")
	}
	return nil
}

// runningFrom names the tasks whose source is an endpoint and that run or recover.
func (s TasksService) runningFrom(ctx context.Context, endpoint EndpointRef) ([]string, error) {
	list, err := s.List(ctx, endpoint.Server)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, task := range list {
		details, err := s.Details(ctx, TaskRef{endpoint.Server, task.Name})
		if errors.Is(err, ErrNotFound) { // deleted in the meantime
			continue
		}
		if err != nil {
			return nil, err
		}
		if details.Source.Name == endpoint.Endpoint && details.State != TaskStopped && details.State != TaskError {
			names = append(names, task.Name)
		}
	}
	return names, nil
}

// recycle lets the server restart the tasks, and waits until they run.
func (s EndpointsService) recycle(ctx context.Context, f Failover, report *FailoverReport) error {
	if err := s.Reconfigure(ctx, f.Endpoint, f.Configuration, ReconfigureOptions{}); err != nil {
		return err
	}
	report.Reconfigured = true
	if len(report.Tasks) == 0 {
		return nil
	}
	if err := pause(ctx, time.Now().Add(2*f.Settle), f.Settle); err != nil {
		return ended(opReconfigure, "while the server restarts the tasks", err)
	}
	var err error
	seen := func(ref TaskRef) (*TaskResult, error) {
		ctx, cancel := context.WithTimeout(ctx, f.TaskTimeout)
		defer cancel()
		_, err := TasksService(s).WaitForState(ctx, ref, TaskRunning)
		return nil, err
	}
	report.Running, err = done(Many{}.do(ctx, "GetTaskDetails", f.refs(report.Tasks), seen), nil)
	return err
}

// switchOver stops the tasks, switches, and resumes them.
func (s EndpointsService) switchOver(ctx context.Context, f Failover, report *FailoverReport) error {
	tasks, many := TasksService(s), Many{Timeout: f.TaskTimeout}
	var err error
	report.Stopped, err = done(tasks.StopAll(ctx, f.refs(report.Tasks), many), ErrAlreadyStopped)
	if err != nil {
		return err
	}
	if err := f.Switch(ctx); err != nil {
		return fmt.Errorf("switch the databases: %w", err)
	}
	if err := s.Reconfigure(ctx, f.Endpoint, f.Configuration, ReconfigureOptions{KeepTasks: true}); err != nil {
		return err
	}
	report.Reconfigured = true
	report.Running, err = done(tasks.RunAll(ctx, f.refs(report.Stopped), ResumeProcessing(), many), ErrAlreadyRunning)
	return err
}

func (f Failover) refs(tasks []string) []TaskRef {
	refs := make([]TaskRef, len(tasks))
	for i, task := range tasks {
		refs[i] = TaskRef{f.Endpoint.Server, task}
	}
	return refs
}

// done names the tasks with which something was done, or had been already, and joins the errors
// of the others.
func done(outcomes []TaskOutcome, already error) (tasks []string, err error) {
	var errs []error
	for _, o := range outcomes {
		if o.Err == nil || errors.Is(o.Err, already) {
			tasks = append(tasks, o.Task.Task)
		} else {
			errs = append(errs, fmt.Errorf("task %q: %w", o.Task.Task, o.Err))
		}
	}
	return tasks, errors.Join(errs...)
}
