// Package answer asks the API, and says what its answers mean: those that can be used, as values of
// fleet, and errors, as faults.
package answer

import (
	"cmp"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// What a field of fleet can need to mean anything, beside a product.
const (
	active     = "active"     // the task is running or recovering: the API keeps the last run's rates
	processing = "processing" // and it processes changes: the API shows 00:00:00 for a latency that there is not
)

var (
	listed         = newMapping[fleet.Server, aem.ServerInfo]()
	detailed       = newMapping[fleet.Server, aem.ServerDetails]()
	serverDetails  = newMapping[fleet.ServerDetails, aem.ServerDetails]()
	taskDetails    = newMapping[fleet.TaskDetails, aem.TaskDetails]()
	composeDetails = newMapping[fleet.ComposeDetails, aem.TaskDetails]()
	tables         = newMapping[fleet.Table, aem.TableStatus]()
	endpoints      = newMapping[fleet.Endpoint, aem.Endpoint]()
	barriers       = newMapping[fleet.RetentionBarrier, aem.RetentionBarrier]()
)

// Server joins a row of the server list with the server's details, which may be nil. It sets what
// the list says.
func Server(info *aem.ServerInfo, d *aem.ServerDetails) *fleet.Server {
	if d == nil {
		d = &aem.ServerDetails{}
	}
	s := detailed.of(d)
	listed.copy(s, info)
	if d.Product == aem.Compose { // an answer that does not say is taken for Replicate's
		s.Product = fleet.Compose
	}
	return s
}

// ServerDetails are what the details of a server say.
func ServerDetails(d *aem.ServerDetails) *fleet.ServerDetails { return serverDetails.of(d) }

// Task is what a task's details alone say; info is its row of the task list, and product
// the server's.
func Task(info *aem.TaskInfo, d *aem.TaskDetails, product aem.Product) *fleet.Task {
	if d.Type != "" || d.Product == aem.Compose { // else they do not say
		product = cmp.Or(d.Product, product)
	}
	t := &fleet.Task{
		Product: string(product), State: string(d.State), StopReason: string(d.StopReason), Message: d.Message,
		Tags: d.Tags,
	}
	facts := []string{t.Product}
	if state := cmp.Or(d.State, info.State); state == aem.TaskRunning || state == aem.TaskRecovering {
		facts = append(facts, active)
		if d.Options.ApplyChanges.True() || d.Options.StoreChanges.True() {
			facts = append(facts, processing)
		}
	}
	t.Details = taskDetails.of(d, facts...)
	if t.Product == fleet.Compose {
		t.Compose = composeDetails.of(d, facts...)
	}
	return t
}

// setTable copies a table that is kept. now is for the end of a running load, which the API leaves out.
func setTable(to *fleet.Table, t *aem.TableStatus, now time.Time) {
	tables.copy(to, t)
	end, _ := t.EstimateEnd(now)
	to.EstimatedEnd = fleet.Unix(end)
}

// convertACL counts who has a role; acl is nil when there is no explicit one.
func convertACL(scope, object string, acl *aem.ACL) *fleet.ACL {
	out := &fleet.ACL{Scope: scope, Object: object}
	if acl == nil {
		return out
	}
	out.Explicit = true
	out.InheritanceDisabled = flag(acl.DisableInheritance)
	out.Admin, out.Designer = countPrincipals(acl.Admin), countPrincipals(acl.Designer)
	out.Operator, out.Viewer = countPrincipals(acl.Operator), countPrincipals(acl.Viewer)
	// The API leaves this role out of most answers, which then do not speak of it.
	if acl.None.Users != nil || acl.None.Groups != nil {
		out.None = countPrincipals(acl.None)
	}
	return out
}

func countPrincipals(p aem.Principals) fleet.Principals {
	return fleet.Principals{Users: fleet.Count(len(p.Users)), Groups: fleet.Count(len(p.Groups))}
}
