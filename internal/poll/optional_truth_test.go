package poll

import (
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// What the optional collectors read is compared with what the simulator holds to be
// true, in every spelling of the API.
func TestOptionalCollectorsTellTheTruth(t *testing.T) {
	for _, shape := range []aemtest.Shape{aemtest.RealWorld, aemtest.Guide, aemtest.Legacy} {
		t.Run(shape.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now().Add(90 * time.Minute)
				sim := aemtest.New(aemtest.Options{
					Seed: 5, Servers: 4, TasksPerServer: 20, OddNames: true, Shape: shape, Clock: func() time.Time { return now },
				})
				allow(sim, aemtest.Operator)
				list := polled(t, newRig(t, sim, everything()), 10*time.Minute+time.Second)
				got, truth := list[10], sim.State()
				if got.Result != fleet.Success || len(got.Servers) != len(truth.Servers) {
					t.Fatalf("%s, %d servers of %d: %+v", got.Result, len(got.Servers), len(truth.Servers), got.Problems)
				}
				explicit, barriers := 0, 0
				for _, s := range got.Servers {
					for _, acl := range s.ACLs {
						explicit += int(fleet.FlagOf(acl.Explicit).Float())
					}
					for _, task := range s.Tasks {
						if task.RetentionBarrier != nil {
							barriers++
						}
					}
				}
				if explicit < 5 || barriers == 0 {
					t.Errorf("only %d explicit ACLs and %d barriers to compare", explicit, barriers)
				}
				for i := range truth.Servers {
					if truth.Servers[i].State == aemtest.Monitored {
						compareOptional(t, shape, &truth.Servers[i], &got.Servers[i])
					}
				}
			})
		})
	}
}

func compareOptional(t *testing.T, shape aemtest.Shape, want *aemtest.ServerState, got *fleet.Server) {
	t.Helper()
	acls := []fleet.ACL{
		trueACL(fleet.ScopeServer, want.Name, want.ACL, true),
		trueACL(fleet.ScopeTasks, "", want.TasksACL, shape == aemtest.Legacy),
	}
	var endpoints []fleet.Endpoint
	var tests []string
	if want.Product == aemtest.Replicate {
		acls = append(acls, trueACL(fleet.ScopeEndpoints, "", want.EndpointsACL, shape == aemtest.Legacy))
	}
	for _, e := range want.Endpoints {
		kind, verdict := e.Type, "1"
		if shape == aemtest.Guide {
			kind = strings.ToUpper(kind)
		}
		if e.Problem != "" {
			verdict = "0"
		}
		endpoints = append(endpoints, fleet.Endpoint{Name: e.Name, Role: strings.ToLower(e.Role), Type: kind, Licensed: fleet.FlagOf(e.Licensed)})
		tests = append(tests, e.Name+"="+verdict)
		acls = append(acls, trueACL(fleet.ScopeEndpoint, e.Name, e.ACL, true))
	}
	for i := range want.Tasks {
		task := &want.Tasks[i]
		acls = append(acls, trueACL(fleet.ScopeTask, task.Name, task.ACL, true))
		var barrier *fleet.RetentionBarrier
		for _, b := range task.Barriers {
			if at := float64(b.Point.Unix()); task.StoreChanges && (barrier == nil || at < barrier.Time) {
				barrier = &fleet.RetentionBarrier{Application: b.Application, Time: at}
			}
		}
		if diff := cmp.Diff(barrier, got.Tasks[i].RetentionBarrier); diff != "" {
			t.Errorf("%s: %s", task.Name, diff)
		}
	}
	if diff := cmp.Diff(endpoints, got.Endpoints); diff != "" {
		t.Errorf("%s: %s", want.Name, diff)
	}
	if diff := cmp.Diff(tests, verdicts(got)); diff != "" {
		t.Errorf("%s: %s", want.Name, diff)
	}
	// Whether the API speaks of the role none is its own affair.
	if diff := cmp.Diff(acls, got.ACLs, cmpopts.EquateNaNs(), cmpopts.IgnoreFields(fleet.ACL{}, "None")); diff != "" {
		t.Errorf("%s: %s", want.Name, diff)
	}
}

// trueACL is an explicit ACL, or none; the API may not say whether it inherits.
func trueACL(scope, object string, acl *aemtest.ACL, inheritance bool) fleet.ACL {
	out := fleet.ACL{Scope: scope, Object: object}
	size := func(p aemtest.Principals) fleet.Principals {
		return fleet.Principals{Users: float64(len(p.Users)), Groups: float64(len(p.Groups))}
	}
	if acl == nil {
		nobody := fleet.Principals{Users: math.NaN(), Groups: math.NaN()}
		out.Admin, out.Designer, out.Operator, out.Viewer = nobody, nobody, nobody, nobody
		return out
	}
	out.Explicit = true
	if inheritance {
		out.InheritanceDisabled = fleet.FlagOf(acl.DisableInheritance)
	}
	out.Admin, out.Designer, out.Operator, out.Viewer = size(acl.Admin), size(acl.Designer), size(acl.Operator), size(acl.Viewer)
	return out
}
