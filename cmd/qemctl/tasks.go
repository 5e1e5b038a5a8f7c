package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/qem-exporter/qem_exporter/aem"
)

func (c *command) ref() aem.TaskRef { return aem.TaskRef{Server: c.server, Task: c.task} }

func (c *command) taskArgs(clause *kingpin.CmdClause) {
	c.serverArg(clause)
	clause.Arg("task", "The task; one of Compose is task__project.").Required().StringVar(&c.task)
}

func (c *command) taskCommands() {
	tasks := c.command(c.app, "tasks", "Lists, runs and stops tasks.", nil)

	list := c.command(tasks, "list", "Lists the tasks of a server, or of all.", c.listTasks)
	list.Arg("server", "The server.").StringVar(&c.server)

	run := c.command(tasks, "run", "Starts a task, and with --wait waits for its end.", c.runTask)
	c.taskArgs(run)
	run.Flag("how", "resume or reload (the full load again).").Default("resume").EnumVar(&c.how, "resume", "reload")
	run.Flag("wait", "Wait for the end of the run; --timeout limits it.").BoolVar(&c.wait)
	run.Flag("start-within", "How long the start may take.").Default("1m").DurationVar(&c.within)

	stop := c.command(tasks, "stop", "Stops tasks of a server.", c.stopTasks)
	c.serverArg(stop)
	stop.Arg("task", "The tasks.").StringsVar(&c.names)
	stop.Flag("all", "All that run.").BoolVar(&c.all)
	stop.Flag("save", "The file that is to have what was stopped, for resume --from.").StringVar(&c.file)

	resume := c.command(tasks, "resume", "Resumes the tasks that stop --save has stopped.", c.resumeTasks)
	resume.Flag("from", "The file.").Required().StringVar(&c.file)
	for _, many := range []*kingpin.CmdClause{stop, resume} {
		many.Flag("at-once", "So many at once.").Default("8").IntVar(&c.atOnce)
		many.Flag("within", "How long each may take.").Default("2m").DurationVar(&c.within)
	}

	tables := c.command(c.app, "tables", "Lists the tables of a task.", func(ctx context.Context) error {
		list, err := c.client.Tables.List(ctx, c.ref(), c.filter)
		if err != nil {
			return err
		}
		return rows(c.printer, "SCHEMA TABLE STATE", list, func(t aem.TableInfo) []any {
			return []any{t.Schema, t.Name, t.State}
		})
	})
	c.taskArgs(tables)
	tables.Flag("error", "Only those in error.").BoolVar(&c.filter.Error)
	tables.Flag("schema", "Only of this schema; % is any text.").StringVar(&c.filter.Schema)
	tables.Flag("table", "Only of this name; % is any text.").StringVar(&c.filter.Table)
}

func (c *command) listTasks(ctx context.Context) error {
	var list []aem.ServerTask
	var bad error
	if c.server == "" {
		for task, err := range c.client.Tasks.All(ctx) {
			if err != nil {
				bad = errors.Join(bad, fmt.Errorf("%s: %w", plain(task.Server.Name), err))
				continue
			}
			list = append(list, task)
		}
	} else {
		tasks, err := c.client.Tasks.List(ctx, c.server)
		if err != nil {
			return err
		}
		for _, task := range tasks {
			list = append(list, aem.ServerTask{Server: aem.ServerInfo{Name: c.server}, TaskInfo: task})
		}
	}
	err := rows(c.printer, "SERVER TASK STATE STOP_REASON MESSAGE", list, func(t aem.ServerTask) []any {
		return []any{t.Server.Name, t.Name, t.State, t.StopReason, t.Message}
	})
	return errors.Join(err, bad)
}

func (c *command) runTask(ctx context.Context) error {
	how := aem.ResumeProcessing()
	if c.how == "reload" {
		how = aem.ReloadTarget()
	}
	if c.dryRun || !c.wait {
		return c.change(func() error {
			result, err := c.client.Tasks.Run(ctx, c.ref(), how, c.within)
			if result != nil {
				fmt.Fprintf(c.out, "%s\n", plain(result.State))
			}
			return err
		}, "run %s on %s (%s)", c.task, c.server, how)
	}
	last := aem.TaskState("")
	report, err := c.client.Tasks.RunToEnd(ctx, c.ref(), how, aem.Wait{StartWithin: c.within,
		Look: func(d *aem.TaskDetails) {
			if d.State != last {
				c.progress("%s is %s", c.task, plain(d.State))
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

func (c *command) stopTasks(ctx context.Context) error {
	if c.all == (len(c.names) > 0) {
		return errors.New("name the tasks to stop, or give --all")
	}
	running, err := c.client.Tasks.List(ctx, c.server)
	if err != nil {
		return err
	}
	var refs []aem.TaskRef
	for _, task := range running {
		active := task.State == aem.TaskRunning || task.State == aem.TaskRecovering || task.State == aem.TaskStarting
		if c.all && active || slices.Contains(c.names, task.Name) {
			refs = append(refs, aem.TaskRef{Server: c.server, Task: task.Name})
		}
	}
	if !c.all && len(refs) < len(c.names) {
		return fmt.Errorf("%s does not have all of these tasks", c.server)
	}
	// What is about to be stopped is saved first: a stop that fails half-way can be undone.
	if c.file != "" && !c.dryRun {
		text, err := json.MarshalIndent(refs, "", "  ")
		if err != nil {
			return err
		}
		if err := c.save(bytes.NewReader(append(text, '\n'))); err != nil {
			return err
		}
	}
	return c.many(refs, "stop", aem.ErrAlreadyStopped, func(many aem.Many) []aem.TaskOutcome {
		return c.client.Tasks.StopAll(ctx, refs, many)
	})
}

func (c *command) resumeTasks(ctx context.Context) error {
	var refs []aem.TaskRef
	err := c.read(func(file io.Reader) error {
		if err := json.NewDecoder(file).Decode(&refs); err != nil {
			return fmt.Errorf("%s is no file of tasks stop --save: %w", c.file, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.many(refs, "resume", aem.ErrAlreadyRunning, func(many aem.Many) []aem.TaskOutcome {
		return c.client.Tasks.RunAll(ctx, refs, aem.ResumeProcessing(), many)
	})
}

// many does something with many tasks and reports of each. Where it was done already, all
// is well.
func (c *command) many(refs []aem.TaskRef, verb string, done error, do func(aem.Many) []aem.TaskOutcome) error {
	if c.dryRun {
		for _, ref := range refs {
			fmt.Fprintf(c.out, "would %s %s on %s\n", verb, plain(ref.Task), plain(ref.Server))
		}
		return nil
	}
	ended := 0
	outcomes := do(aem.Many{AtOnce: c.atOnce, Timeout: c.within, Told: func(o aem.TaskOutcome) {
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
		return []any{l.Server, l.Task, l.State, l.Error}
	})
	return errors.Join(err, bad)
}
