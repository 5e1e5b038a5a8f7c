package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/qem-exporter/qem_exporter/aem"
)

// taskFlags are what the commands for tasks are told.
type taskFlags struct {
	server, task, how, file, save string
	tasks                         []string
	wait, all                     bool
	atOnce                        int
	startWithin                   time.Duration
}

func (f *taskFlags) ref() aem.TaskRef { return aem.TaskRef{Server: f.server, Task: f.task} }

func taskArgs(clause *kingpin.CmdClause, f *taskFlags) {
	serverArg(clause, &f.server)
	clause.Arg("task", "The task; one of Compose is task__project.").Required().StringVar(&f.task)
}

func (c *command) taskCommands() {
	f := &taskFlags{}
	tasks := c.command(c.app, "tasks", "Lists, runs and stops tasks.", nil)

	list := c.command(tasks, "list", "Lists the tasks of a server, or of all.", func(ctx context.Context) error {
		return c.listTasks(ctx, f.server)
	})
	list.Arg("server", "The server.").StringVar(&f.server)

	run := c.command(tasks, "run", "Starts a task, and with --wait waits for its end.", func(ctx context.Context) error {
		return c.runTask(ctx, f)
	})
	taskArgs(run, f)
	run.Flag("how", "resume or reload (the full load again).").Default("resume").EnumVar(&f.how, "resume", "reload")
	run.Flag("wait", "Wait for the end of the run; --timeout limits it.").BoolVar(&f.wait)
	run.Flag("start-within", "How long the start may take.").Default("1m").DurationVar(&f.startWithin)

	stop := c.command(tasks, "stop", "Stops tasks of a server.",
		func(ctx context.Context) error { return c.stopTasks(ctx, f) })
	serverArg(stop, &f.server)
	stop.Arg("task", "The tasks.").StringsVar(&f.tasks)
	stop.Flag("all", "All that run.").BoolVar(&f.all)
	stop.Flag("save", "The file that is to have what was stopped, for resume --from.").StringVar(&f.save)

	resume := c.command(tasks, "resume", "Resumes the tasks that stop --save has stopped.",
		func(ctx context.Context) error {
			return c.resumeTasks(ctx, f)
		})
	resume.Flag("from", "The file.").Required().StringVar(&f.file)
	for _, many := range []*kingpin.CmdClause{stop, resume} {
		many.Flag("at-once", "So many at once.").Default("8").IntVar(&f.atOnce)
		many.Flag("within", "How long each may take.").Default("2m").DurationVar(&f.startWithin)
	}

	var filter aem.TableFilter
	tables := c.command(c.app, "tables", "Lists the tables of a task.", func(ctx context.Context) error {
		list, err := c.client.Tables.List(ctx, f.ref(), filter)
		if err != nil {
			return err
		}
		return rows(c.printer, "SCHEMA TABLE STATE", list, func(t aem.TableInfo) []any {
			return []any{t.Schema, t.Name,
				t.State}
		})
	})
	taskArgs(tables, f)
	tables.Flag("error", "Only those in error.").BoolVar(&filter.Error)
	tables.Flag("schema", "Only of this schema; % is any text.").StringVar(&filter.Schema)
	tables.Flag("table", "Only of this name; % is any text.").StringVar(&filter.Table)
}

func (c *command) listTasks(ctx context.Context, server string) error {
	var list []aem.ServerTask
	var bad error
	if server == "" {
		for task, err := range c.client.Tasks.All(ctx) {
			if err != nil {
				bad = errors.Join(bad, fmt.Errorf("%s: %w", plain(task.Server.Name), err))
				continue
			}
			list = append(list, task)
		}
	} else {
		tasks, err := c.client.Tasks.List(ctx, server)
		if err != nil {
			return err
		}
		for _, task := range tasks {
			list = append(list, aem.ServerTask{Server: aem.ServerInfo{Name: server}, TaskInfo: task})
		}
	}
	err := rows(c.printer, "SERVER TASK STATE STOP_REASON MESSAGE", list, func(t aem.ServerTask) []any {
		return []any{t.Server.Name, t.Name, t.State, t.StopReason, t.Message}
	})
	return errors.Join(err, bad)
}

func (c *command) runTask(ctx context.Context, f *taskFlags) error {
	how := aem.ResumeProcessing()
	if f.how == "reload" {
		how = aem.ReloadTarget()
	}
	if c.dryRun || !f.wait {
		return c.change(func() error {
			result, err := c.client.Tasks.Run(ctx, f.ref(), how, f.startWithin)
			if result != nil {
				fmt.Fprintf(c.out, "%s\n", plain(result.State))
			}
			return err
		}, "run %s on %s (%s)", f.task, f.server, how)
	}
	last := aem.TaskState("")
	report, err := c.client.Tasks.RunToEnd(ctx, f.ref(), how, aem.Wait{StartWithin: f.startWithin,
		Look: func(d *aem.TaskDetails) {
			if d.State != last {
				c.progress("%s is %s", f.task, plain(d.State))
				last = d.State
			}
		}})
	if report.Details == nil {
		return err
	}
	if e := c.report(report); e != nil {
		return e
	}
	if err == nil && len(report.TablesInError) > 0 {
		return outcome{exitTableErrors, fmt.Errorf("%d tables are in error", len(report.TablesInError))}
	}
	return err
}

func (c *command) report(r *aem.RunReport) error {
	if c.format == "json" {
		return c.json(map[string]any{
			"server": r.Task.Server, "task": r.Task.Task, "state": r.Details.State, "stop_reason": r.StopReason,
			"seconds": r.Took.Seconds(), "tables_in_error": r.TablesInError,
		})
	}
	fmt.Fprintf(c.out, "%s: %s after %s (%s)\n", plain(r.Task.Task), plain(r.Details.State), r.Took.Round(time.Second),
		plain(r.StopReason))
	for _, t := range r.TablesInError {
		fmt.Fprintf(c.out, "in error: %s.%s\n", plain(t.Schema), plain(t.Name))
	}
	return nil
}

func (c *command) stopTasks(ctx context.Context, f *taskFlags) error {
	if f.all == (len(f.tasks) > 0) {
		return errors.New("name the tasks to stop, or give --all")
	}
	running, err := c.client.Tasks.List(ctx, f.server)
	if err != nil {
		return err
	}
	var refs []aem.TaskRef
	for _, task := range running {
		active := task.State == aem.TaskRunning || task.State == aem.TaskRecovering || task.State == aem.TaskStarting
		if f.all && active || slices.Contains(f.tasks, task.Name) {
			refs = append(refs, aem.TaskRef{Server: f.server, Task: task.Name})
		}
	}
	if !f.all && len(refs) < len(f.tasks) {
		return fmt.Errorf("%s does not have all of these tasks", f.server)
	}
	// What is about to be stopped is saved first: a stop that fails half-way can be undone.
	if f.save != "" && !c.dryRun {
		text, err := json.MarshalIndent(refs, "", "  ")
		if err != nil {
			return err
		}
		if err := c.save(f.save, bytes.NewReader(append(text, '\n'))); err != nil {
			return err
		}
	}
	return c.many(refs, f, "stop", aem.ErrAlreadyStopped, func(many aem.Many) []aem.TaskOutcome {
		return c.client.Tasks.StopAll(ctx, refs, many)
	})
}

func (c *command) resumeTasks(ctx context.Context, f *taskFlags) error {
	file, err := c.open(f.file)
	if err != nil {
		return err
	}
	defer file.Close()
	var refs []aem.TaskRef
	if err := json.NewDecoder(file).Decode(&refs); err != nil {
		return fmt.Errorf("%s is no file of tasks stop --save: %w", f.file, err)
	}
	return c.many(refs, f, "resume", aem.ErrAlreadyRunning, func(many aem.Many) []aem.TaskOutcome {
		return c.client.Tasks.RunAll(ctx, refs, aem.ResumeProcessing(), many)
	})
}

// many does something with many tasks and reports of each. Where it was done already, all
// is well.
func (c *command) many(refs []aem.TaskRef, f *taskFlags, verb string, done error,
	do func(aem.Many) []aem.TaskOutcome) error {
	if c.dryRun {
		for _, ref := range refs {
			fmt.Fprintf(c.out, "would %s %s on %s\n", verb, plain(ref.Task), plain(ref.Server))
		}
		return nil
	}
	ended := 0
	outcomes := do(aem.Many{AtOnce: f.atOnce, Timeout: f.startWithin, Told: func(o aem.TaskOutcome) {
		ended++
		c.progress("%d of %d: %s", ended, len(refs), plain(o.Task.Task))
	}})
	type line struct {
		Server string        `json:"server"`
		Task   string        `json:"task"`
		State  aem.TaskState `json:"state"`
		Error  string        `json:"error,omitempty"`
	}
	var lines []line
	var bad error
	for _, o := range outcomes {
		l := line{Server: o.Task.Server, Task: o.Task.Task}
		if o.Result != nil {
			l.State = o.Result.State
		}
		if o.Err != nil && !errors.Is(o.Err, done) {
			l.Error = o.Err.Error()
			bad = errors.Join(bad, fmt.Errorf("%s: %w", plain(o.Task.Task), o.Err))
		}
		lines = append(lines, l)
	}
	err := rows(c.printer, "SERVER TASK STATE ERROR", lines, func(l line) []any {
		return []any{l.Server, l.Task, l.State,
			l.Error}
	})
	return errors.Join(err, bad)
}
