package aem

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// A RetentionBarrier keeps the change data since a point in time for an
// application that has yet to consume it.
type RetentionBarrier struct {
	Application string    `api:"application,null"`
	Point       time.Time `api:"retention_point,zulu"` // UTC, to the second; zero: there is no barrier
}

var retentionBarrierTable = wire.NewTable[RetentionBarrier]()

// readRetentionBarrier reads a barrier. The guide does not say what comes when there is
// none, so nothing, null and empty members all mean that.
func readRetentionBarrier(s *wire.Scanner, barrier *RetentionBarrier) error {
	retentionBarrierTable.Document(s, barrier)
	if s.Nothing() {
		return nil
	}
	if len(s.Problems()) > 0 {
		s.Fault("the retention point is not a time")
	}
	if !barrier.IsSet() {
		barrier.Application = ""
	}
	return s.Result()
}

// IsSet reports whether there is a barrier.
func (b RetentionBarrier) IsSet() bool { return !b.Point.IsZero() }

// RetentionBarrier returns the earliest of the barriers that applications have set
// for a task; one that is not set when there is none. It needs the role Operator on
// the task.
//
// API: GetChangeDataRetentionBarrier, GET /servers/{server}/tasks/{task}?action=get_change_data_retention_barrier.
func (s TasksService) RetentionBarrier(ctx context.Context, ref TaskRef, opts ...CallOption) (*RetentionBarrier,
	error) {
	c := get("GetChangeDataRetentionBarrier", ref.path()...).with("action", "get_change_data_retention_barrier")
	return fetchOne(ctx, s.core, opts, c, readRetentionBarrier)
}

// SetRetentionBarrier sets or moves an application's barrier: change data before it
// may be deleted, where the task partitions its change data. It needs the role
// Operator on the task.
//
// API: SetChangeDataRetentionBarrier, PUT /servers/{server}/tasks/{task}?action=set_change_data_retention_barrier.
func (s TasksService) SetRetentionBarrier(ctx context.Context, ref TaskRef, barrier RetentionBarrier,
	opts ...CallOption) error {
	if !barrier.IsSet() {
		return refusal(opSetBarrier, "the retention point is empty: RemoveRetentionBarrier removes a barrier")
	}
	return s.putBarrier(ctx, opts, ref, barrier.Application, timestamp(barrier.Point))
}

// RemoveRetentionBarrier removes an application's barrier. It needs the role
// Operator on the task.
//
// API: SetChangeDataRetentionBarrier, PUT /servers/{server}/tasks/{task}?action=set_change_data_retention_barrier.
func (s TasksService) RemoveRetentionBarrier(ctx context.Context, ref TaskRef, application string,
	opts ...CallOption) error {
	return s.putBarrier(ctx, opts, ref, application, "")
}

const opSetBarrier = "SetChangeDataRetentionBarrier"

func (s TasksService) putBarrier(ctx context.Context, opts []CallOption, ref TaskRef, application, point string) error {
	c := send(http.MethodPut, opSetBarrier, "set_change_data_retention_barrier", ref.path()...)
	c.needs("application", application).json(object{"retention_point": point, "application": application})
	return s.core.do(ctx, opts, c)
}

// A ChangeDataAge says how old change data must be to be deleted. The zero
// ChangeDataAge is none.
type ChangeDataAge struct{ text string }

// ChangeDataBefore is what is older than a point in time.
func ChangeDataBefore(t time.Time) ChangeDataAge {
	if t.IsZero() {
		return ChangeDataAge{}
	}
	return ChangeDataAge{timestamp(t)}
}

// ChangeDataOlderThan is what is older than that, to the second. It is an error of
// the call when it is not positive.
func ChangeDataOlderThan(age time.Duration) ChangeDataAge {
	seconds := int64(age / time.Second)
	if seconds <= 0 {
		return ChangeDataAge{}
	}
	return ChangeDataAge{fmt.Sprintf("P%dDT%dH%dM%dS", seconds/86400, seconds/3600%24, seconds/60%60, seconds%60)}
}

// ChangeDataOffset is what is older than an ISO 8601 duration, such as P1M3DT1H2M.
// It is an error of the call when it is none.
func ChangeDataOffset(duration string) ChangeDataAge {
	if !isoDuration.MatchString(duration) || strings.HasSuffix(duration, "P") || strings.HasSuffix(duration, "T") {
		return ChangeDataAge{}
	}
	return ChangeDataAge{duration}
}

var isoDuration = regexp.MustCompile(`^P(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)$`)

// DeleteOldChangeData asks a task that partitions its change data to delete the
// partitions that have been processed and are older than age, up to the earliest
// retention barrier. The task does so in its own time; one that is stopped does so
// when it runs next. It needs the role Operator on the task.
//
// API: DeleteOldChangeData, POST /servers/{server}/tasks/{task}?action=delete_old_change_data.
func (s TasksService) DeleteOldChangeData(ctx context.Context, ref TaskRef, age ChangeDataAge,
	opts ...CallOption) error {
	c := send(http.MethodPost, "DeleteOldChangeData", "delete_old_change_data", ref.path()...)
	if age.text == "" {
		c.refuse("the age is neither a point in time nor a duration")
	}
	return s.core.do(ctx, opts, c.json(object{"timestamp_or_offset": age.text}))
}
