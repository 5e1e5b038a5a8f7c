package aemtest

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// Options of RunTask.
const (
	resumeProcessing   = "RESUME_PROCESSING"
	reloadTarget       = "RELOAD_TARGET"
	fromTimestamp      = "RESUME_PROCESSING_FROM_TIMESTAMP"
	fromPosition       = "RESUME_PROCESSING_FROM_POSITION"
	recreateTables     = "METADATA_ONLY_RECREATE_ALL_TABLES"
	createTables       = "METADATA_ONLY_CREATE_MISSING_TABLES"
	recoverLocally     = "RECOVER_USING_LOCALLY_STORED_CHECKPOINT"
	recoverFromTarget  = "RECOVER_USING_CHECKPOINT_STORED_ON_TARGET"
	checkpointPosition = `^Checkpoint:V[0-9]+#.+`
)

func runOptions() []string {
	return []string{resumeProcessing, reloadTarget, fromTimestamp, fromPosition, recreateTables, createTables,
		recoverLocally, recoverFromTarget}
}

// takesPosition reports whether an option wants a cdcposition.
func takesPosition(option string) bool {
	return option == fromTimestamp || option == fromPosition || option == recoverFromTarget
}

// run is a RunTask, understood.
type run struct {
	option, position string
	timeout          time.Duration
	since            time.Time // of a timestamp
}

func (s *Simulator) runTask(c *call) answer {
	srv, t, e := s.monitoredTask(c)
	if e != nil {
		return s.fail(*e)
	}
	r, bad := s.parseRun(c, t)
	if bad != nil {
		return *bad
	}
	now := s.Now()
	v := t.at(now)
	switch v.State {
	case Running, Starting:
		return s.failed("AEM_TASK_ALREADY_RUNNING", "Replicate task %s on server %s is already running.", t.name(),
			srv.name())
	case Recovery:
		return s.failed("AEM_TASK_IN_RECOVERY",
			"Replicate task %s on server %s cannot be run as it is in a recovery state.", t.name(), srv.name())
	}
	if e := runnable(&v, srv.name()); e != nil {
		return s.fail(*e)
	}
	t.run(now, r, s.opts.TaskDelay)
	return s.afterRun(c, t, r)
}

// parseRun reads the option and the position of a RunTask.
func (s *Simulator) parseRun(c *call, t *task) (run, *answer) {
	fail := func(a answer) (run, *answer) { return run{}, &a }
	r := run{option: strings.ToUpper(c.query.Get("option"))}
	var ok bool
	if r.timeout, ok = c.timeout(); !ok {
		return fail(s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type Int32: %s", c.query.Get("timeout")))
	}
	if r.option == "" && t.product == Compose {
		r.option = resumeProcessing
	}
	switch {
	case r.option == "":
		return fail(s.missing("option"))
	case !slices.Contains(runOptions(), r.option), t.product == Compose && r.option != resumeProcessing:
		return fail(s.failed("AEM_RUN_TASK_INNER_ERR",
			"Replicate task %s on server %s encountered an error when requested to run. The option %s is not valid.", c.task,
			c.server, r.option))
	}
	if len(c.body) > 0 {
		var in struct {
			Position json.RawMessage `json:"cdcposition"`
		}
		err := decodeJSON(c.body, &in)
		if err == nil && in.Position != nil {
			err = json.Unmarshal(in.Position, &r.position)
		}
		if err != nil {
			return fail(s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type AemRunTaskReq: %v", err))
		}
	}
	switch {
	case !takesPosition(r.option) && r.position != "":
		return fail(s.failed("AEM_WRONG_OPTION_FOR_CDCPOSITION",
			"Replicate task %s on server %s cannot be run with cdcposition %s and option %s. "+
				"Change the option to RESUME_PROCESSING_FROM_TIMESTAMP, RESUME_PROCESSING_FROM_POSITION, or "+
				"RECOVER_USING_CHECKPOINT_STORED_ON_TARGET",
			c.task, c.server, r.position, r.option))
	case takesPosition(r.option) && r.position == "":
		return fail(s.missing("cdcposition"))
	case !r.understood():
		return fail(s.failed("AEM_CDC_POSITION_ERR_FORMAT",
			"The cdcposition parameter value for Replicate task %s on server %s is not in the correct format "+
				"('YYYY-MM-DDThh:mm:ssZ').", c.task, c.server))
	}
	return r, nil
}

// understood reports whether the position has the format of the option.
func (r *run) understood() bool {
	switch r.option {
	case fromTimestamp:
		since, err := time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(r.position, "Z"))
		r.since = since
		return err == nil
	case fromPosition:
		return !strings.ContainsAny(r.position, " \t\r\n")
	case recoverFromTarget:
		return regexp.MustCompile(checkpointPosition).MatchString(r.position)
	}
	return true
}

// runnable checks what a Replicate task needs. A custom task that says nothing of
// its endpoints and options lacks nothing.
func runnable(v *Task, server string) *apiError {
	source, target := v.Source.Name != "", v.Target.Name != ""
	option := v.FullLoadEnabled || v.ApplyChanges || v.StoreChanges || v.AuditChanges
	if v.Product == Compose || !source && !target && !option {
		return nil
	}
	switch {
	case !source && !target:
		return apiErrorf("AEM_RUN_TASK_NO_SRC_NO_TRG", "Replicate task %s on server %s has no source or target endpoints.",
			v.Name, server)
	case !source:
		return apiErrorf("AEM_RUN_TASK_NO_SRC", "Replicate task %s on server %s has no source endpoint.", v.Name, server)
	case !target:
		return apiErrorf("AEM_RUN_TASK_TRG", "Replicate task %s on server %s has no target endpoint.", v.Name, server)
	case option:
		return nil
	case v.Profile == "BIDIRECTIONAL":
		return apiErrorf("AEM_RUN_BIDI_TASK_NO_FL_NOR_CDC",
			"Replicate task %s on server %s cannot be run without at least one of the replication options enabled (Full "+
				"Load or Apply Changes).", v.Name, server)
	}
	return apiErrorf("AEM_RUN_TASK_NOT_FL_NOR_CDC",
		"Replicate task %s on server %s cannot be run without at least one of the replication options enabled (Full "+
			"Load, Apply Changes, or Store Changes).", v.Name, server)
}

// metadataTakes is how long a task runs that only creates tables.
const metadataTakes = 5 * time.Second

// run starts the task as an option says.
func (t *task) run(now time.Time, r run, delay time.Duration) {
	finished := t.loadsOnly() && !t.custom && t.life.loadAt(t.ownTime(now)).done
	t.resume(now, delay)
	own := *t.life.restarted
	switch {
	case r.option == reloadTarget, finished && r.option == resumeProcessing:
		t.reload(own)
	case r.option == recreateTables, r.option == createTables:
		s := t.steer
		s.halted, s.stop = true, s.spans[len(s.spans)-1].from+metadataTakes
		if r.option == recreateTables {
			t.unload()
		}
	case r.option == fromTimestamp:
		t.life.missed = max(0, now.Sub(r.since))
	}
}

func (t *task) ownTime(now time.Time) time.Duration {
	own, _, _ := t.own(now)
	return own
}

// afterRun waits until the task has started, no longer than the timeout.
func (s *Simulator) afterRun(c *call, t *task, r run) answer {
	return s.settle(s.opts.TaskDelay, r.timeout, func() answer {
		v := t.at(s.Now())
		if v.State == Starting {
			return s.failed("AEM_RUN_TASK_TIMEOUT", "Replicate task %s on server %s timed out when requested to \"Run\".",
				c.task, c.server)
		}
		return s.taskState(&v)
	})
}

// settle answers after a stretch of simulated time, or the timeout.
func (s *Simulator) settle(delay, timeout time.Duration, result func() answer) answer {
	if delay <= 0 {
		return result()
	}
	wait := time.Duration(float64(delay) / s.opts.Speed)
	return answer{wait: min(wait, timeout), later: result}
}

// taskState is the answer of RunTask and StopTask.
func (s *Simulator) taskState(v *Task) answer {
	return said(s, taskResultTable, &aem.TaskResult{State: aem.TaskState(v.State)})
}

func (s *Simulator) stopTask(c *call) answer {
	srv, t, e := s.monitoredTask(c)
	if e != nil {
		return s.fail(*e)
	}
	timeout, ok := c.timeout()
	if !ok {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type Int32: %s", c.query.Get("timeout"))
	}
	now := s.Now()
	if v := t.at(now); v.State == Stopped || v.State == Failed {
		return s.failed("AEM_TASK_ALREADY_STOPPED", "Replicate task %s on server %s is already stopped.", t.name(),
			srv.name())
	}
	t.halt(now, s.opts.TaskDelay)
	return s.settle(s.opts.TaskDelay, timeout, func() answer {
		v := t.at(s.Now())
		if v.State != Stopped {
			return s.failed("AEM_STOP_TASK_TIMEOUT", "A timeout occurred when trying to stop Replicate task %s on server %s",
				c.task, c.server)
		}
		return s.taskState(&v)
	})
}

func (s *Simulator) deleteTask(c *call) answer {
	srv, t, e := s.replicateTask(c)
	if e != nil {
		return s.fail(*e)
	}
	if v := t.at(s.Now()); v.State != Stopped && v.State != Failed {
		return s.failed("AEM_TASK_NOT_STOPPED",
			"Replication task %s on server %s must be stopped before it can be deleted.", t.name(), srv.name())
	}
	if logs := strings.ToLower(c.query.Get("deletetasklogs")); logs != "" && logs != "true" && logs != "false" {
		return s.failed("AEM_DELETE_TASK_INNER_ERR",
			"Replication task %s on server %s could not be deleted due to an error.", t.name(), srv.name())
	}
	srv.tasks = slices.DeleteFunc(srv.tasks, func(x *task) bool { return x == t })
	return s.void()
}

// replicateTask finds the task of a call that only Replicate answers.
func (s *Simulator) replicateTask(c *call) (*server, *task, *apiError) {
	if _, e := s.replicateServer(c); e != nil {
		return nil, nil, e
	}
	return s.monitoredTask(c)
}
