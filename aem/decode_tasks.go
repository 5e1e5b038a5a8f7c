package aem

import (
	"bytes"
	"io"
	"reflect"
	"time"
)

// decodeTaskList reads the body of GetTaskList.
func decodeTaskList(r io.Reader) ([]TaskInfo, error) {
	s := newScanner(r)
	return collect(s, "taskList", func() (TaskInfo, string) {
		element := s.taskInfo()
		return element, element.Name
	})
}

func (s *scanner) taskInfo() TaskInfo {
	var info TaskInfo
	s.object(func(key []byte) bool {
		switch string(key) {
		case "name":
			s.text(&info.Name)
		case "state":
			enum(s, &info.State, taskState)
		case "stopreason", "taskstopreason":
			enum(s, &info.StopReason, stopReason)
		case "message":
			s.message(&info.Message)
		case "assignedtags":
			s.texts(&info.Tags)
		default:
			return false
		}
		return true
	})
	return info
}

// decodeTaskDetails reads the body of GetTaskDetails.
func decodeTaskDetails(r io.Reader) (*TaskDetails, error) {
	s := newScanner(r)
	task := taskReader{scanner: s}
	s.document(true, func(key []byte) bool {
		// Servers before 6.4 wrap the task; the members of the top level win.
		if string(key) == "task" && !task.known {
			s.sections(task.member)
			return true
		}
		return task.member(key)
	})
	if s.shape == "" && !task.readable() {
		s.shape = "no known member"
	}
	if err := s.result(); err != nil {
		return nil, err
	}
	return task.finish(), nil
}

type taskReader struct {
	*scanner
	TaskDetails
	class, kind string   // $type and type
	nested      progress // the full load's, when it stands among its counters
	loading     bool     // the counters of a Compose task were there
	known       bool     // a member that only a task has was there; its value may be unreadable
}

// readable reports whether anything of a task could be read.
func (r *taskReader) readable() bool {
	return r.known && (r.nested != progress{} || !reflect.ValueOf(r.TaskDetails).IsZero())
}

// progress is what some answers have beside the full load's counters and others
// among them.
type progress struct {
	completed  Bool
	start, end time.Time
}

// finish settles what depends on more than one member.
func (r *taskReader) finish() *TaskDetails {
	load := &r.FullLoad
	if !load.Completed.IsSet() {
		load.Completed = r.nested.completed
	}
	if load.Start.IsZero() {
		load.Start = r.nested.start
	}
	if load.End.IsZero() {
		load.End = r.nested.end
	}
	r.Type = r.class
	if r.Type == "" {
		r.Type = r.kind
	}
	r.Product = productOf(r.class, r.kind)
	if r.Type == "" && (r.Project != "" || r.loading) {
		r.Product = Compose
	}
	return &r.TaskDetails
}

func (r *taskReader) member(key []byte) bool {
	key = respell(key)
	if r.description(key) {
		return true
	}
	if r.identity(key) || r.counters(key) || r.load(key) {
		r.known = true
		return true
	}
	return false
}

// description reads what the error of some proxy may have as well.
func (r *taskReader) description(key []byte) bool {
	switch string(key) {
	case "type":
		r.text(&r.kind)
	case "description":
		r.text(&r.Description)
	case "message":
		r.message(&r.Message)
	default:
		return false
	}
	return true
}

func (r *taskReader) identity(key []byte) bool {
	switch string(key) {
	case "$type":
		r.text(&r.class)
	case "name":
		r.text(&r.Name)
	case "state":
		enum(r.scanner, &r.State, taskState)
	case "taskstopreason", "stopreason":
		enum(r.scanner, &r.StopReason, stopReason)
	case "profile":
		r.profile(&r.Profile)
	case "project":
		r.text(&r.Project)
	case "sourceendpoint":
		r.endpoint(&r.Source)
	case "targetendpoint":
		r.endpoint(&r.Target)
	case "logstreamstaging":
		r.text(&r.LogStreamStaging)
	case "assignedtags":
		r.texts(&r.Tags)
	case "options":
		r.options()
	default:
		return false
	}
	return true
}

func (r *taskReader) counters(key []byte) bool {
	switch string(key) {
	case "cdceventcounters":
		r.events()
	case "cdcthroughput":
		r.throughput(&r.CDCThroughput)
	case "cdctransactionscounters", "cdctransactioncounters":
		r.object(r.transactions)
	case "cdclatency":
		r.latency()
	case "memorymb":
		r.amount(&r.MemoryMB)
	case "cpupercentage":
		r.amount(&r.CPU)
	case "diskusagemb":
		r.amount(&r.DiskMB)
	case "dataerrorcount", "dataerrorscount":
		r.amount(&r.DataErrors)
	default:
		return false
	}
	return true
}

func (r *taskReader) load(key []byte) bool {
	switch string(key) {
	case "fullloadcounters":
		r.object(r.fullLoadCounters)
	case "fullloadcompleted":
		r.boolean(&r.FullLoad.Completed)
	case "fullloadstart":
		r.time(&r.FullLoad.Start)
	case "fullloadend":
		r.time(&r.FullLoad.End)
	case "fullloadthroughput":
		r.throughput(&r.FullLoad.Throughput)
	case "loadingcompleted":
		r.boolean(&r.Loading.Completed)
	case "loadingstart":
		r.time(&r.Loading.Start)
	case "loadingend":
		r.time(&r.Loading.End)
	case "loadingcounters":
		r.loading = r.loading || r.dec.PeekKind() == '{'
		r.object(r.loadingCounters)
	default:
		return false
	}
	return true
}

func (r *taskReader) endpoint(to *TaskEndpoint) {
	r.object(func(key []byte) bool {
		switch string(key) {
		case "name":
			r.text(&to.Name)
		case "type":
			r.text(&to.Type)
		default:
			return false
		}
		return true
	})
}

func (r *taskReader) options() {
	to := &r.Options
	r.object(func(key []byte) bool {
		switch string(key) {
		case "fullloadenabled":
			r.boolean(&to.FullLoad)
		case "applychangesenabled":
			r.boolean(&to.ApplyChanges)
		case "storechangesenabled", "storechangesenabledvalue":
			r.boolean(&to.StoreChanges)
		case "auditchangesenabled":
			r.boolean(&to.AuditChanges)
		default:
			return false
		}
		return true
	})
}

func (r *taskReader) events() {
	to := &r.CDCEvents
	r.object(func(key []byte) bool {
		switch string(key) {
		case "appliedinsertcount":
			r.amount(&to.Inserts)
		case "appliedupdatecount":
			r.amount(&to.Updates)
		case "applieddeletecount":
			r.amount(&to.Deletes)
		case "appliedddlcount":
			r.amount(&to.DDL)
		default:
			return false
		}
		return true
	})
}

func (r *taskReader) throughput(to *Throughput) {
	r.object(func(key []byte) bool {
		switch string(key) {
		case "sourcethroughputrecordscount":
			r.rate(&to.SourceRecords)
		case "sourcethroughputvolume":
			r.rate(&to.SourceVolume)
		case "targetthroughputrecordscount":
			r.rate(&to.TargetRecords)
		case "targetthroughputvolume":
			r.rate(&to.TargetVolume)
		default:
			return false
		}
		return true
	})
}

// rate reads a number, or an object that has it as current.
func (r *taskReader) rate(to *Number) {
	if r.dec.PeekKind() != '{' {
		r.amount(to)
		return
	}
	r.object(func(key []byte) bool {
		if string(key) != "current" {
			return false
		}
		r.amount(to)
		return true
	})
}

func (r *taskReader) latency() {
	r.object(func(key []byte) bool {
		switch string(key) {
		case "sourcelatency":
			r.duration(&r.Latency.Source)
		case "totallatency":
			r.duration(&r.Latency.Total)
		default:
			return false
		}
		return true
	})
}

func (r *taskReader) transactions(key []byte) bool {
	to := &r.Transactions
	switch string(respell(key)) {
	case "commitchangerecordscount":
		r.amount(&to.CommitChangeRecords)
	case "rollbacktransactioncount":
		r.amount(&to.RollbackTransactions)
	case "rollbackchangerecordscount":
		r.amount(&to.RollbackChangeRecords)
	case "rollbackchangevolumemb":
		r.amount(&to.RollbackChangeMB)
	case "appliedtransactionsinprogresscount":
		r.amount(&to.InProgressTransactions)
	case "appliedrecordsinprogresscount":
		r.amount(&to.InProgressRecords)
	case "appliedcommittedtransactioncount":
		r.amount(&to.CommittedTransactions)
	case "appliedrecordscommittedcount":
		r.amount(&to.CommittedRecords)
	case "appliedvolumecommittedmb":
		r.amount(&to.CommittedMB)
	case "incomingaccumulatedchangesinmemorycount":
		r.amount(&to.AccumulatedInMemory)
	case "incomingaccumulatedchangesondiskcount":
		r.amount(&to.AccumulatedOnDisk)
	case "incomingapplyingchangesinmemorycount":
		r.amount(&to.ApplyingInMemory)
	case "incomingapplyingchangesondiskcount":
		r.amount(&to.ApplyingOnDisk)
	default:
		return false
	}
	return true
}

func (r *taskReader) fullLoadCounters(key []byte) bool {
	to := &r.FullLoad
	switch string(key) {
	case "tablescompletedcount":
		r.amount(&to.TablesCompleted)
	case "tablesloadingcount":
		r.amount(&to.TablesLoading)
	case "tablesqueuedcount":
		r.amount(&to.TablesQueued)
	case "tableswitherrorcount":
		r.amount(&to.TablesWithError)
	case "recordscompletedcount":
		r.amount(&to.RecordsCompleted)
	case "estimatedrecordsforalltablescount":
		r.amount(&to.RecordsEstimated)
	case "fullloadcompleted":
		r.boolean(&r.nested.completed)
	case "fullloadstart":
		r.time(&r.nested.start)
	case "fullloadend":
		r.time(&r.nested.end)
	default:
		return false
	}
	return true
}

func (r *taskReader) loadingCounters(key []byte) bool {
	to := &r.Loading
	switch string(key) {
	case "tablestotalcount":
		r.amount(&to.TablesTotal)
	case "tablescompletedcount":
		r.amount(&to.TablesCompleted)
	case "tablesloadingcount":
		r.amount(&to.TablesLoading)
	case "tablesqueuedcount":
		r.amount(&to.TablesQueued)
	case "tableswitherrorcount":
		r.amount(&to.TablesWithError)
	case "commandstotalcount":
		r.amount(&to.CommandsTotal)
	case "commandscompletedcount":
		r.amount(&to.CommandsCompleted)
	default:
		return false
	}
	return true
}

// respell mends the words that the API misspells.
func respell(key []byte) []byte {
	for _, word := range [...]struct{ wrong, right string }{
		{"comitted", "committed"},
		{"transacion", "transaction"},
	} {
		if bytes.Contains(key, []byte(word.wrong)) {
			key = bytes.ReplaceAll(key, []byte(word.wrong), []byte(word.right))
		}
	}
	return key
}
