package aem

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

const (
	opRunTask  = "RunTask"
	opStopTask = "StopTask"
)

// A RunOption says how to start a task. The zero RunOption is none.
type RunOption struct {
	name     string
	position string // cdcposition
	needs    bool   // a position
}

// String returns the API's name of the option.
func (o RunOption) String() string { return o.name }

// ResumeProcessing goes on where the task stopped. It is the only option of a
// Compose task.
func ResumeProcessing() RunOption { return RunOption{name: "RESUME_PROCESSING"} }

// ReloadTarget starts the full load again, and so drops or truncates the tables of
// the target as the task's settings say.
func ReloadTarget() RunOption { return RunOption{name: "RELOAD_TARGET"} }

// ResumeFromTimestamp applies the changes since a point in time.
func ResumeFromTimestamp(t time.Time) RunOption {
	if t.IsZero() {
		return ResumeFromTimestampText("")
	}
	return ResumeFromTimestampText(timestamp(t))
}

// ResumeFromTimestampText is ResumeFromTimestamp with the time as the server wants
// it. The guide demands 2017-03-07T11:19:03Z and shows the same without the Z.
func ResumeFromTimestampText(text string) RunOption {
	return RunOption{"RESUME_PROCESSING_FROM_TIMESTAMP", text, true}
}

// ResumeFromPosition applies the changes since a position in the source's log: an
// SCN or LSN, as the source has it.
func ResumeFromPosition(position string) RunOption {
	return RunOption{"RESUME_PROCESSING_FROM_POSITION", position, true}
}

// RecreateAllTables creates the tables of the target anew, without data.
func RecreateAllTables() RunOption { return RunOption{name: "METADATA_ONLY_RECREATE_ALL_TABLES"} }

// CreateMissingTables creates the tables that the target lacks, without data.
func CreateMissingTables() RunOption { return RunOption{name: "METADATA_ONLY_CREATE_MISSING_TABLES"} }

// RecoverFromLocalCheckpoint goes on from the checkpoint in the task's folder.
func RecoverFromLocalCheckpoint() RunOption {
	return RunOption{name: "RECOVER_USING_LOCALLY_STORED_CHECKPOINT"}
}

// RecoverFromTargetCheckpoint goes on from a checkpoint of the table
// attrep_txn_state of the target, for a task that stores its recovery data there.
func RecoverFromTargetCheckpoint(checkpoint string) RunOption {
	return RunOption{"RECOVER_USING_CHECKPOINT_STORED_ON_TARGET", checkpoint, true}
}

// TaskResult is how a task is after it was started or stopped.
type TaskResult struct {
	State   TaskState `api:"state"`
	Message string    `api:"error_message|own:message"` // why it failed; "" when it did not
}

var taskResultTable = wire.NewTable[TaskResult]()

// readTaskResult takes the error_message, which tells that the task failed, and is there,
// empty, when it did not. What follows the first JSON value, as in the guide's samples, is
// not read.
func readTaskResult(s *wire.Scanner, r *TaskResult) error {
	taskResultTable.Document(s, r)
	r.Message = plainMessage(s)
	if r.State == "" && s.Message() == "" {
		s.Fault("not the result of a task: it has no state")
	}
	return s.Result()
}

// plainMessage is the error_message of a good answer, "" for NONE.
func plainMessage(s *wire.Scanner) string {
	message := strings.TrimSpace(s.Message())
	if strings.EqualFold(message, "none") {
		return ""
	}
	return message
}

// Run starts a task and waits until it runs or has failed, at most timeout (to the
// second; 0 means a minute), for which the client waits too.
//
// ErrTaskTimeout says that the task did not run in time; it may still do so, see
// WaitForState. ErrTaskFailed says that it was started and failed, and comes with
// the result. The call is never repeated by itself. It needs the role Operator on
// the task.
//
// API: RunTask, POST /servers/{server}/tasks/{task}?action=run&option={option}&timeout={s}.
func (s TasksService) Run(ctx context.Context, ref TaskRef, how RunOption, timeout time.Duration,
	opts ...CallOption) (*TaskResult, error) {
	c := send(http.MethodPost, opRunTask, "run", ref.path()...).needs("run option", how.name).with("option", how.name)
	if how.needs {
		c.needs("position", how.position).json(object{"cdcposition": how.position})
	}
	return s.core.act(ctx, opts, c.within(timeout))
}

// Stop stops a task and waits until it has stopped or failed, at most timeout (to
// the second; 0 means a minute), for which the client waits too. Errors are as of
// Run. It needs the role Operator on the task.
//
// API: StopTask, POST /servers/{server}/tasks/{task}?action=stop&timeout={s}.
func (s TasksService) Stop(ctx context.Context, ref TaskRef, timeout time.Duration, opts ...CallOption) (*TaskResult,
	error) {
	return s.core.act(ctx, opts, send(http.MethodPost, opStopTask, "stop", ref.path()...).within(timeout))
}

// act makes a call that starts or stops a task. The API may tell with a good
// answer that the task failed.
func (c *core) act(ctx context.Context, opts []CallOption, call *call) (*TaskResult, error) {
	result, err := fetchOne(ctx, c, opts, call, readTaskResult)
	if err != nil {
		return nil, err
	}
	result.Message = c.session.scrub.clean(result.Message, maxKept)
	if result.Message == "" && result.State != TaskError {
		return result, nil
	}
	failure := &Error{Operation: call.operation, Kind: KindFailed, Message: result.Message, Status: call.status}
	if failure.Message == "" {
		failure.Message = "the task is in the state error"
	}
	return result, failure
}
