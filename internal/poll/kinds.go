package poll

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/choose"
	"github.com/qem-exporter/qem_exporter/internal/poll/gate"
)

// kind is one kind of reading: a method of the API, what it is asked about and how often, and
// what its answer is: what the client returns, unless ask says otherwise.
type kind struct {
	operation string
	class     gate.Class
	of        subject
	every     func(o *Options) time.Duration // between two of one object; 0: nobody asks
	replicate bool                           // Compose has no such thing
	only      func(w *watch, object string) bool
	ask       func(ctx context.Context, f *flight) (any, error)

	collector string // the optional collector that makes it, as the configuration names it
	needs     string // the role that it takes
}

// subject is what a reading is about.
type subject int

const (
	ofServer subject = iota
	ofTask
	ofEndpoint
)

// Intervals. Lists of servers and tasks have one of their own, but are served no longer than
// details.
var (
	everyPoll = func(o *Options) time.Duration { return o.PollInterval }
	everyACL  = func(o *Options) time.Duration { return o.ACLs }
)

// The readings of a server, in the order in which what they bring is published; and the roster's.
var (
	readRoster  = &kind{operation: "GetServerList", class: gate.Outlines, every: everyPoll, ask: askRoster}
	readOutline = &kind{operation: "GetTaskList", class: gate.Outlines, every: everyPoll, ask: askOutline}
	readServer  = &kind{operation: "GetServerDetails", class: gate.Details, every: everyPoll, ask: askServer}
	readTask    = &kind{operation: "GetTaskDetails", class: gate.Details, of: ofTask, every: everyPoll, ask: askTask}
	readTables  = &kind{
		operation: "GetTableStatuses", class: gate.Statuses, of: ofTask, replicate: true, ask: askTables,
		every: func(o *Options) time.Duration {
			if o.Tables.Mode == choose.Off {
				return 0
			}
			return o.Tables.Interval
		},
	}
	readServerACL = acl("GetServerAcl", ofServer, fleet.ScopeServer, func(f *flight) aem.ACLTarget {
		return aem.ServerACL(f.server)
	})
	readTasksACL = acl("GetTasksCollectionAcl", ofServer, fleet.ScopeTasks, func(f *flight) aem.ACLTarget {
		return aem.TasksACL(f.server)
	})
	readEndpoints = &kind{
		operation: "GetEndpointList", class: gate.Optional, replicate: true, ask: askEndpoints,
		collector: "endpoints", needs: "Viewer on all endpoints",
		every: func(o *Options) time.Duration {
			if !o.Endpoints && o.EndpointTests.Interval == 0 && o.ACLs == 0 {
				return 0
			}
			return o.PollInterval
		},
	}
	readEndpointsACL = acl("GetEndpointsCollectionAcl", ofServer, fleet.ScopeEndpoints, func(f *flight) aem.ACLTarget {
		return aem.EndpointsACL(f.server)
	})
	readEndpointACL = acl("GetEndpointAcl", ofEndpoint, fleet.ScopeEndpoint, func(f *flight) aem.ACLTarget {
		return aem.EndpointACL(f.endpoint())
	})
	testEndpoint = &kind{
		operation: "TestEndpoint", class: gate.Probes, of: ofEndpoint, ask: askTest,
		collector: "endpoint_tests", needs: "Operator on the endpoints that are tested",
		every: func(o *Options) time.Duration { return o.EndpointTests.Interval },
		only: func(w *watch, endpoint string) bool {
			return w.once == nil && w.options.EndpointTests.Filter.Match(endpoint)
		},
	}
	readTaskACL = acl("GetTaskAcl", ofTask, fleet.ScopeTask, func(f *flight) aem.ACLTarget {
		return aem.TaskACL(f.task())
	})
	readBarrier = &kind{
		operation: "GetChangeDataRetentionBarrier", class: gate.Optional, of: ofTask, ask: askBarrier,
		collector: "retention_barriers", needs: "Operator on tasks",
		every: func(o *Options) time.Duration { return o.RetentionBarriers },
		only:  func(w *watch, task string) bool { return w.known[task].storesChanges() }, // no other has one
	}
	kinds = []*kind{
		readServer, readOutline, readTask, readTables, readServerACL, readTasksACL, readEndpoints,
		readEndpointsACL, readEndpointACL, testEndpoint, readTaskACL, readBarrier,
	}
)

// task names the task that the flight is about.
func (f *flight) task() aem.TaskRef { return aem.TaskRef{Server: f.server, Task: f.object} }

func (f *flight) endpoint() aem.EndpointRef {
	return aem.EndpointRef{Server: f.server, Endpoint: f.object}
}

// clean takes out of a message what nobody should read: whoever writes it may know our
// credentials.
func (f *flight) clean(message *string) { *message = f.client.Clean(*message) }

func askRoster(ctx context.Context, f *flight) (any, error) {
	list, err := f.client.Servers.List(ctx)
	for i := range list {
		f.clean(&list[i].Message)
	}
	return list, err
}

func askOutline(ctx context.Context, f *flight) (any, error) {
	list, err := f.client.Tasks.List(ctx, f.server)
	for i := range list {
		f.clean(&list[i].Message)
	}
	return list, err
}

func askServer(ctx context.Context, f *flight) (any, error) {
	d, err := f.client.Servers.Details(ctx, f.server)
	if d != nil {
		f.clean(&d.Message)
	}
	return d, err
}

func askTask(ctx context.Context, f *flight) (any, error) {
	d, err := f.client.Tasks.Details(ctx, f.task())
	if d != nil {
		f.clean(&d.Message)
	}
	return d, err
}

// askTables returns *choose.Tables. With aem.ErrPartial they are what could be read.
func askTables(ctx context.Context, f *flight) (any, error) {
	var last *choose.Tally
	begin := func() func(*aem.TableStatus) error {
		last = f.selection.Tally(&f.options.Tables, f.server, f.object)
		return last.Visit
	}
	err := f.client.Tables.EachStatus(ctx, f.task(), aem.TableFilter{}, begin)
	if last == nil {
		begin()
	}
	return &last.Tables, err
}

// askEndpoints returns []fleet.Endpoint.
func askEndpoints(ctx context.Context, f *flight) (any, error) {
	list, err := f.client.Endpoints.List(ctx, f.server)
	endpoints := make([]fleet.Endpoint, 0, len(list))
	for i := range list {
		e := answer.Endpoint(&list[i])
		if !slices.ContainsFunc(endpoints, func(o fleet.Endpoint) bool { return o.Name == e.Name && o.Role == e.Role }) {
			endpoints = append(endpoints, e)
		}
	}
	return endpoints, err
}

// acl reads an ACL; its answer is a *fleet.ACL.
func acl(operation string, of subject, scope string, target func(*flight) aem.ACLTarget) *kind {
	return &kind{
		operation: operation, class: gate.Optional, of: of, every: everyACL, replicate: scope == fleet.ScopeEndpoints,
		collector: "acls", needs: "Operator on servers, tasks and endpoints",
		ask: func(ctx context.Context, f *flight) (any, error) {
			object := f.object
			if scope == fleet.ScopeServer {
				object = f.server
			}
			acl, err := f.client.ACLs.Get(ctx, target(f))
			if errors.Is(err, aem.ErrNoACL) {
				acl, err = nil, nil // which is an answer: all is inherited
			}
			return answer.ACL(scope, object, acl), err
		},
	}
}

// askBarrier returns a *fleet.RetentionBarrier, nil when there is none. The guide leaves open
// how the API says so: an error of its own may.
func askBarrier(ctx context.Context, f *flight) (any, error) {
	barrier, err := f.client.Tasks.RetentionBarrier(ctx, f.task())
	if e, ok := errors.AsType[*aem.Error](err); ok && e.HasCode(aem.CodeGetRetentionBarrierInnerErr) {
		barrier, err = nil, nil
	}
	return answer.RetentionBarrier(barrier), err
}

// askTest returns a *fleet.EndpointTest. One that took too long is a result; one that could
// not be made is one beside its error.
func askTest(ctx context.Context, f *flight) (any, error) {
	tested, err := f.client.Endpoints.Test(ctx, f.endpoint(), f.options.EndpointTests.Timeout)
	now := time.Now()
	result := &fleet.EndpointTest{
		Endpoint: f.object, Success: fleet.No,
		Duration: fleet.Num(now.Sub(f.turn.Asked).Seconds()), Ended: fleet.Unix(now),
	}
	switch {
	case errors.Is(err, aem.ErrTestTimeout):
		result.Reason = "timed out"
		return result, nil
	case err != nil:
		result.Reason = err.Error()
		return result, err
	}
	f.clean(&tested.Message)
	switch result.Reason = tested.Message; tested.State {
	case aem.EndpointConnected:
		result.Success = fleet.Yes
	case aem.EndpointFailed:
	default:
		result.Success = fleet.Unknown
	}
	return result, nil
}
