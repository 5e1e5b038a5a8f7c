package poll

import (
	"context"
	"errors"
	"hash/maphash"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// The calls that a poller makes: the method, its class at the gate, and how it is asked.
// Their results are what the client returns, unless it says otherwise.
var (
	readRoster = newCall("GetServerList", outlines, func(ctx context.Context, f *flight) (any, error) {
		list, err := f.client.Servers.List(ctx)
		for i := range list {
			f.clean(&list[i].Message)
		}
		return list, err
	})
	readOutline = newCall("GetTaskList", outlines, func(ctx context.Context, f *flight) (any, error) {
		list, err := f.client.Tasks.List(ctx, f.server)
		for i := range list {
			f.clean(&list[i].Message)
		}
		return list, err
	})
	readServer = newCall("GetServerDetails", details, func(ctx context.Context, f *flight) (any, error) {
		d, err := f.client.Servers.Details(ctx, f.server)
		if d != nil {
			f.clean(&d.Message)
		}
		return d, err
	})
	readTask = newCall("GetTaskDetails", details, func(ctx context.Context, f *flight) (any, error) {
		d, err := f.client.Tasks.Details(ctx, f.task())
		if d != nil {
			f.clean(&d.Message)
		}
		return d, err
	})
	readTables    = newCall("GetTableStatuses", statuses, askTables)
	readEndpoints = newCall("GetEndpointList", optional, func(ctx context.Context, f *flight) (any, error) {
		return f.client.Endpoints.List(ctx, f.server)
	})
	testEndpoint = newCall("TestEndpoint", probes, askTest)
	readBarrier  = newCall("GetChangeDataRetentionBarrier", optional, askBarrier)

	readServerACL = acl("GetServerAcl", fleet.ScopeServer,
		func(f *flight) aem.ACLTarget { return aem.ServerACL(f.server) })
	readTasksACL = acl("GetTasksCollectionAcl", fleet.ScopeTasks,
		func(f *flight) aem.ACLTarget { return aem.TasksACL(f.server) })
	readTaskACL      = acl("GetTaskAcl", fleet.ScopeTask, func(f *flight) aem.ACLTarget { return aem.TaskACL(f.task()) })
	readEndpointsACL = acl("GetEndpointsCollectionAcl", fleet.ScopeEndpoints,
		func(f *flight) aem.ACLTarget { return aem.EndpointsACL(f.server) })
	readEndpointACL = acl("GetEndpointAcl", fleet.ScopeEndpoint,
		func(f *flight) aem.ACLTarget { return aem.EndpointACL(f.endpoint()) })
)

// interval is how often a call is made about one object; the lists of servers and tasks, which
// have an interval of their own, are served no longer than details.
func (o *Options) interval(c *call) time.Duration {
	switch {
	case c == readTables:
		return o.Tables.Interval
	case c == testEndpoint:
		return o.EndpointTests.Interval
	case c == readBarrier:
		return o.RetentionBarriers
	case c.class == optional && c != readEndpoints:
		return o.ACLs
	}
	return o.PollInterval
}

// task names the task that the flight is about.
func (f *flight) task() aem.TaskRef { return aem.TaskRef{Server: f.server, Task: f.object} }

func (f *flight) endpoint() aem.EndpointRef {
	return aem.EndpointRef{Server: f.server, Endpoint: f.object}
}

// clean takes out of a message what nobody should read: whoever writes it may know our
// credentials.
func (f *flight) clean(message *string) { *message = f.client.Clean(*message) }

type ask = func(context.Context, *flight) (any, error)

func newCall(operation string, c class, ask ask) *call {
	ofEndpoint := operation == "TestEndpoint" || operation == "GetEndpointAcl"
	return &call{operation: operation, class: c, ask: ask, ofEndpoint: ofEndpoint}
}

// askTables returns a *tableReading. With aem.ErrPartial it holds what could be read.
func askTables(ctx context.Context, f *flight) (any, error) {
	var last *tally
	begin := func() func(*aem.TableStatus) error {
		now := time.Now()
		last = &tally{
			options:   &f.options.Tables,
			selection: f.selection,
			task:      newHash().text(f.server).text(f.object),
			seed:      maphash.MakeSeed(),
			seen:      map[uint64]struct{}{},
			lowest:    ranks,
			convert:   func(s *aem.TableStatus) fleet.Table { return convertTable(s, now) },
		}
		return last.visit
	}
	err := f.client.Tables.EachStatus(ctx, f.task(), aem.TableFilter{}, begin)
	if faultOf(err) != good {
		return nil, err
	}
	if last == nil {
		begin()
	}
	return &last.tableReading, err
}

// acl is the call that reads an ACL and returns a *fleet.ACL.
func acl(operation, scope string, target func(*flight) aem.ACLTarget) *call {
	return newCall(operation, optional, func(ctx context.Context, f *flight) (any, error) {
		object := f.object
		if scope == fleet.ScopeServer {
			object = f.server
		}
		acl, err := f.client.ACLs.Get(ctx, target(f))
		if errors.Is(err, aem.ErrNoACL) {
			acl, err = nil, nil // which is an answer: all is inherited
		}
		if err != nil {
			return nil, err
		}
		return convertACL(scope, object, acl), nil
	})
}

// askBarrier returns a *fleet.RetentionBarrier, nil when there is none. The guide leaves open
// how the API says so: an error of its own may.
func askBarrier(ctx context.Context, f *flight) (any, error) {
	barrier, err := f.client.Tasks.RetentionBarrier(ctx, f.task())
	if e, ok := errors.AsType[*aem.Error](err); ok && e.HasCode(aem.CodeGetRetentionBarrierInnerErr) {
		return (*fleet.RetentionBarrier)(nil), nil
	}
	if err != nil {
		return nil, err
	}
	return convertBarrier(barrier), nil
}

// askTest returns a *fleet.EndpointTest. One that took too long is a result; one that could
// not be made is one beside its error.
func askTest(ctx context.Context, f *flight) (any, error) {
	answer, err := f.client.Endpoints.Test(ctx, f.endpoint(), f.options.EndpointTests.Timeout)
	now := time.Now()
	result := &fleet.EndpointTest{
		Endpoint: f.object, Success: fleet.No,
		Duration: fleet.Num(now.Sub(f.ticket.asked).Seconds()), Ended: fleet.Unix(now),
	}
	switch {
	case errors.Is(err, aem.ErrTestTimeout):
		result.Reason = "timed out"
		return result, nil
	case err != nil:
		result.Reason = err.Error()
		return result, err
	}
	f.clean(&answer.Message)
	switch result.Reason = answer.Message; answer.State {
	case aem.EndpointConnected:
		result.Success = fleet.Yes
	case aem.EndpointFailed:
	default:
		result.Success = fleet.Unknown
	}
	return result, nil
}
