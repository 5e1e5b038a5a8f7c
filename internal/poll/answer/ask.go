package answer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
)

// Question is what the API is asked about.
type Question struct {
	Client    *aem.Client
	Server    string
	Object    string           // a task or an endpoint, or ""
	Timeout   time.Duration    // of a test
	Asked     func() time.Time // when the last request began
	Tables    *choose.TableOptions
	Selection *Selection
}

func (q *Question) task() aem.TaskRef { return aem.TaskRef{Server: q.Server, Task: q.Object} }

func (q *Question) endpoint() aem.EndpointRef {
	return aem.EndpointRef{Server: q.Server, Endpoint: q.Object}
}

// clean takes out of a message what nobody should read: whoever writes it may know our
// credentials.
func (q *Question) clean(message *string) { *message = q.Client.Clean(*message) }

// Servers asks for []aem.ServerInfo.
func Servers(ctx context.Context, q *Question) (any, error) {
	list, err := q.Client.Servers.List(ctx)
	for i := range list {
		q.clean(&list[i].Message)
	}
	return list, err
}

// Tasks asks for []aem.TaskInfo.
func Tasks(ctx context.Context, q *Question) (any, error) {
	list, err := q.Client.Tasks.List(ctx, q.Server)
	for i := range list {
		q.clean(&list[i].Message)
	}
	return list, err
}

// OfServer asks for *aem.ServerDetails.
func OfServer(ctx context.Context, q *Question) (any, error) {
	d, err := q.Client.Servers.Details(ctx, q.Server)
	if d != nil {
		q.clean(&d.Message)
	}
	return d, err
}

// OfTask asks for *aem.TaskDetails.
func OfTask(ctx context.Context, q *Question) (any, error) {
	d, err := q.Client.Tasks.Details(ctx, q.task())
	if d != nil {
		q.clean(&d.Message)
	}
	return d, err
}

// Endpoints asks for []fleet.Endpoint.
func Endpoints(ctx context.Context, q *Question) (any, error) {
	list, err := q.Client.Endpoints.List(ctx, q.Server)
	all := make([]fleet.Endpoint, 0, len(list))
	for i := range list {
		e := *endpoints.of(&list[i])
		if !slices.ContainsFunc(all, func(o fleet.Endpoint) bool { return o.Name == e.Name && o.Role == e.Role }) {
			all = append(all, e)
		}
	}
	return all, err
}

// ACL asks for the *fleet.ACL of one scope.
func ACL(scope string) func(context.Context, *Question) (any, error) {
	return func(ctx context.Context, q *Question) (any, error) {
		target, object := aem.ServerACL(q.Server), q.Object
		switch scope {
		case fleet.ScopeServer:
			object = q.Server
		case fleet.ScopeTasks:
			target = aem.TasksACL(q.Server)
		case fleet.ScopeTask:
			target = aem.TaskACL(q.task())
		case fleet.ScopeEndpoints:
			target = aem.EndpointsACL(q.Server)
		case fleet.ScopeEndpoint:
			target = aem.EndpointACL(q.endpoint())
		}
		acl, err := q.Client.ACLs.Get(ctx, target)
		if errors.Is(err, aem.ErrNoACL) {
			acl, err = nil, nil // which is an answer: all is inherited
		}
		return convertACL(scope, object, acl), err
	}
}

// Barrier asks for a *fleet.RetentionBarrier, nil when there is none. The guide leaves open how the
// API says so: an error of its own may.
func Barrier(ctx context.Context, q *Question) (any, error) {
	b, err := q.Client.Tasks.RetentionBarrier(ctx, q.task())
	if e, ok := errors.AsType[*aem.Error](err); ok && e.HasCode(aem.CodeGetRetentionBarrierInnerErr) {
		b, err = nil, nil
	}
	if b == nil || !b.IsSet() {
		return (*fleet.RetentionBarrier)(nil), err
	}
	return barriers.of(b), err
}

// Test asks for a *fleet.EndpointTest. One that took too long is a result; one that could not be
// made is one beside its error.
func Test(ctx context.Context, q *Question) (any, error) {
	tested, err := q.Client.Endpoints.Test(ctx, q.endpoint(), q.Timeout)
	now := time.Now()
	result := &fleet.EndpointTest{
		Endpoint: q.Object, Success: fleet.No,
		Duration: fleet.Num(now.Sub(q.Asked()).Seconds()), Ended: fleet.Unix(now),
	}
	switch {
	case errors.Is(err, aem.ErrTestTimeout):
		result.Reason = "timed out"
		return result, nil
	case err != nil:
		result.Reason = err.Error()
		return result, err
	}
	q.clean(&tested.Message)
	switch result.Reason = tested.Message; tested.State {
	case aem.EndpointConnected:
		result.Success = fleet.Yes
	case aem.EndpointFailed:
	default:
		result.Success = fleet.Unknown
	}
	return result, nil
}
