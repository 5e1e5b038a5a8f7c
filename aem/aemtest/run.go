package aemtest

import (
	"regexp"
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

// runOptions says of each option whether it wants a cdcposition.
func runOptions() map[string]bool {
	return map[string]bool{
		resumeProcessing: false, reloadTarget: false, fromTimestamp: true, fromPosition: true, recreateTables: false,
		createTables: false, recoverLocally: false, recoverFromTarget: true,
	}
}

type run struct {
	option, position string
	since            time.Time // of a timestamp
}

func (c *call) runTask() error {
	timeout, err := c.timeout()
	if err != nil {
		return err
	}
	r, err := c.parseRun()
	if err != nil {
		return err
	}
	t, now := c.t, c.Now()
	v := t.at(now)
	switch v.State {
	case aem.TaskRunning, aem.TaskStarting:
		return c.failed("AEM_TASK_ALREADY_RUNNING")
	case aem.TaskRecovering:
		return c.failed("AEM_TASK_IN_RECOVERY")
	}
	if code := lacking(&v); code != "" {
		return c.failed(code)
	}
	t.run(now, r, c.opts.TaskDelay)
	return c.settle(timeout, "AEM_RUN_TASK_TIMEOUT", func(v *Task) bool { return v.State != aem.TaskStarting })
}

func (c *call) parseRun() (run, error) {
	r := run{option: strings.ToUpper(c.query.Get("option"))}
	if r.option == "" && c.t.product == aem.Compose {
		r.option = resumeProcessing
	}
	wanted, known := runOptions()[r.option]
	switch {
	case r.option == "":
		return r, c.missing("option")
	case !known, c.t.product == aem.Compose && r.option != resumeProcessing:
		return r, c.failed("AEM_RUN_TASK_INNER_ERR", "{option}", r.option)
	}
	if len(c.body) > 0 {
		var in struct {
			Position string `json:"cdcposition"`
		}
		if err := c.decode(&in, "AemRunTaskReq"); err != nil {
			return r, err
		}
		r.position = in.Position
	}
	switch {
	case !wanted && r.position != "":
		return r, c.failed("AEM_WRONG_OPTION_FOR_CDCPOSITION", "{position}", r.position, "{option}", r.option)
	case wanted && r.position == "":
		return r, c.missing("cdcposition")
	case !r.understood():
		return r, c.failed("AEM_CDC_POSITION_ERR_FORMAT")
	}
	return r, nil
}

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

// lacking is the code of what a Replicate task lacks to be run. A custom task that says
// nothing of its endpoints and options lacks nothing.
func lacking(v *Task) string {
	source, target := v.Source.Name != "", v.Target.Name != ""
	option := v.Options.FullLoad.True() || changes(&v.Options)
	switch {
	case v.Product == aem.Compose || !source && !target && !option:
		return ""
	case !source && !target:
		return "AEM_RUN_TASK_NO_SRC_NO_TRG"
	case !source:
		return "AEM_RUN_TASK_NO_SRC"
	case !target:
		return "AEM_RUN_TASK_TRG"
	case option:
		return ""
	case v.Profile == "BIDIRECTIONAL":
		return "AEM_RUN_BIDI_TASK_NO_FL_NOR_CDC"
	}
	return "AEM_RUN_TASK_NOT_FL_NOR_CDC"
}

// metadataTakes is how long a task runs that only creates tables.
const metadataTakes = 5 * time.Second

func (t *task) run(now time.Time, r run, delay time.Duration) {
	finished := t.loadsOnly() && !t.custom && t.life.loadAt(t.ownTime(now)).done
	t.resume(now, delay)
	own := *t.life.restarted
	switch {
	case r.option == reloadTarget, finished && r.option == resumeProcessing:
		t.reload(own)
	case r.option == recreateTables, r.option == createTables:
		s := &t.steer
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

// settle answers with the state of the task that was started or stopped, after the task's
// delay or the timeout: with the error of a code unless it is there by then.
func (c *call) settle(timeout time.Duration, code string, there func(*Task) bool) error {
	result := func() error {
		v := c.t.at(c.Now())
		if !there(&v) {
			return c.failed(code)
		}
		return said(c, taskResultTable, &aem.TaskResult{State: v.State})
	}
	if c.opts.TaskDelay <= 0 {
		return result()
	}
	c.pause, c.later = min(time.Duration(float64(c.opts.TaskDelay)/c.opts.Speed), timeout), result
	return nil
}

func (c *call) stopTask() error {
	timeout, err := c.timeout()
	if err != nil {
		return err
	}
	now := c.Now()
	if c.t.stopped(now) {
		return c.failed("AEM_TASK_ALREADY_STOPPED")
	}
	c.t.halt(now, c.opts.TaskDelay)
	return c.settle(timeout, "AEM_STOP_TASK_TIMEOUT", func(v *Task) bool { return v.State == aem.TaskStopped })
}

func (t *task) stopped(now time.Time) bool {
	v := t.at(now)
	return v.State == aem.TaskStopped || v.State == aem.TaskError
}

func (c *call) deleteTask() error {
	if !c.t.stopped(c.Now()) {
		return c.failed("AEM_TASK_NOT_STOPPED")
	}
	if logs := strings.ToLower(c.query.Get("deletetasklogs")); logs != "" && logs != "true" && logs != "false" {
		return c.failed("AEM_DELETE_TASK_INNER_ERR")
	}
	c.srv.tasks = without(c.srv.tasks, c.t)
	return nil
}
