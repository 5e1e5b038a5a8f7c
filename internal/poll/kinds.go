package poll

import (
	"context"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll/answer"
	"github.com/qem-exporter/qem_exporter/internal/poll/gate"
)

// The kinds of readings.
var (
	readRoster  = &kind{operation: "GetServerList", class: gate.Outlines, ask: answer.Servers, every: everyPoll}
	readOutline = &kind{operation: "GetTaskList", class: gate.Outlines, ask: answer.Tasks, every: everyPoll}
	readServer  = &kind{operation: "GetServerDetails", class: gate.Details, ask: answer.OfServer, every: everyPoll}
	readTask    = &kind{
		operation: "GetTaskDetails", class: gate.Details, of: ofTask, ask: answer.OfTask, every: everyPoll,
	}
	readTables = &kind{
		operation: "GetTableStatuses", class: gate.Statuses, of: ofTask, ask: answer.OfTables, replicate: true,
		every: func(o *Options) time.Duration { return o.Tables.Interval },
	}
	readServerACL = acl("GetServerAcl", ofServer, fleet.ScopeServer)
	readTasksACL  = acl("GetTasksCollectionAcl", ofServer, fleet.ScopeTasks)
	readEndpoints = &kind{
		operation: "GetEndpointList", class: gate.Optional, ask: answer.Endpoints, replicate: true,
		collector: "endpoints", needs: "Viewer on all endpoints",
		every: func(o *Options) time.Duration {
			if !o.Endpoints && o.EndpointTests.Interval == 0 && o.ACLs == 0 {
				return 0
			}
			return o.PollInterval
		},
	}
	readEndpointsACL = acl("GetEndpointsCollectionAcl", ofServer, fleet.ScopeEndpoints)
	readEndpointACL  = acl("GetEndpointAcl", ofEndpoint, fleet.ScopeEndpoint)
	testEndpoint     = &kind{
		operation: "TestEndpoint", class: gate.Probes, of: ofEndpoint, ask: answer.Test,
		collector: "endpoint_tests", needs: "Operator on the endpoints that are tested",
		every: func(o *Options) time.Duration { return o.EndpointTests.Interval },
	}
	readTaskACL = acl("GetTaskAcl", ofTask, fleet.ScopeTask)
	readBarrier = &kind{
		operation: "GetChangeDataRetentionBarrier", class: gate.Optional, of: ofTask, ask: answer.Barrier,
		collector: "retention_barriers", needs: "Operator on tasks",
		every: func(o *Options) time.Duration { return o.RetentionBarriers },
	}

	// kinds are those of a server, in the order in which what they bring is published.
	kinds = []*kind{
		readServer, readOutline, readTask, readTables, readServerACL, readTasksACL, readEndpoints,
		readEndpointsACL, readEndpointACL, testEndpoint, readTaskACL, readBarrier,
	}
)

// kind is one kind of reading: a method of the API, what it is asked about and how often.
type kind struct {
	operation string
	class     gate.Class
	of        subject
	replicate bool                           // Compose has no such thing
	every     func(o *Options) time.Duration // between two of one object; 0: nobody asks
	ask       func(context.Context, *answer.Question) (any, error)

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

// everyPoll is also how often lists are read as far as their age is concerned: they have an
// interval of their own, and yet are served no longer than details.
func everyPoll(o *Options) time.Duration { return o.PollInterval }

func acl(operation string, of subject, scope string) *kind {
	return &kind{
		operation: operation, class: gate.Optional, of: of, replicate: scope == fleet.ScopeEndpoints,
		ask: answer.ACL(scope), every: func(o *Options) time.Duration { return o.ACLs },
		collector: "acls", needs: "Operator on servers, tasks and endpoints",
	}
}
