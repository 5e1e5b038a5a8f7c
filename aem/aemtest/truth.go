package aemtest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// State is everything that the API would say at one instant, in the types and units of package
// aem: a number that the API marks as not available is -1. It is a copy: changing it changes
// nothing. Times are UTC and whole seconds; the zero time is one that the API does not give.
// As JSON, a server and a task are what the API says of them alone.
type State struct {
	Time    time.Time
	Servers []ServerState
}

// Server finds a server by name; nil when there is none.
func (s *State) Server(name string) *ServerState {
	return first(s.Servers, func(v *ServerState) bool { return v.Name == name })
}

// Task finds a task by name; nil when there is none.
func (s *State) Task(server, name string) *Task {
	srv := s.Server(server)
	if srv == nil {
		return nil
	}
	return first(srv.Tasks, func(v *Task) bool { return v.Name == name })
}

// first is the first element of a list that is so; nil when none is.
func first[T any](list []T, is func(*T) bool) *T {
	for i := range list {
		if is(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

// ServerState is one server with its tasks. The API gives the tasks of a monitored server only;
// they stand here whatever its state.
type ServerState struct {
	aem.ServerDetails // without a Version when it was never reached
	Tasks             []Task

	// What other methods than GetServerDetails give or take.
	VerifyCertificate           bool
	Endpoints                   []EndpointState // of a Replicate server
	ACL, TasksACL, EndpointsACL *aem.ACL        // the explicit ones; nil for none
}

// Task is one task with its tables. What only tasks of the other product have is absent.
type Task struct {
	aem.TaskDetails
	Tables []aem.TableStatus // of a Replicate task

	// What other methods than GetTaskDetails and GetTableStatuses give or take.
	ACL       *aem.ACL // the explicit one; nil for none
	Barriers  []aem.RetentionBarrier
	Deletions []Deletion
	Selection *aem.TableSelection // as it was put; nil for just the tables
	Targets   Targets
}

// clone copies a task with everything below it.
func (t *Task) clone() Task {
	c := *t
	c.Tags = slices.Clone(t.Tags)
	c.Tables = slices.Clone(t.Tables)
	c.ACL, c.Selection = cloneACL(t.ACL), copyJSON(t.Selection)
	c.Barriers, c.Deletions = slices.Clone(t.Barriers), slices.Clone(t.Deletions)
	return c
}

func cloneACL(a *aem.ACL) *aem.ACL {
	if a == nil {
		return nil
	}
	c := *a
	for _, p := range c.Roles() {
		p.Users, p.Groups = slices.Clone(p.Users), slices.Clone(p.Groups)
	}
	return &c
}

// Deletion is one request to delete old change data (DeleteOldChangeData).
type Deletion struct {
	Requested time.Time
	Before    string // a timestamp or an ISO 8601 duration, as it came
}

// Targets is where a cloned or imported task puts its tables; "" is the default.
type Targets struct {
	Schema            string `json:"default_schema,omitempty"`
	ControlSchema     string `json:"control_schema,omitempty"`
	ControlTableSpace string `json:"control_table_tablespace,omitempty"`
	ControlIndexSpace string `json:"control_index_tablespace,omitempty"`
}

// EndpointState is one endpoint of a server (GetEndpointList, TestEndpoint).
type EndpointState struct {
	aem.Endpoint
	// Settings are its db_settings: what encoding/json makes of JSON.
	Settings map[string]any
	// Configuration is what ReconfigureEndpointNoWait has chosen last.
	Configuration string
	// Problem is what a test of the endpoint says now; "" when it can connect.
	Problem string
	ACL     *aem.ACL
}

// tell fills in what no answer about a server alone tells.
func (s *server) tell(v *ServerState, now time.Time) {
	v.ACL, v.TasksACL, v.EndpointsACL = cloneACL(v.ACL), cloneACL(v.TasksACL), cloneACL(v.EndpointsACL)
	v.VerifyCertificate = !s.unverified
	for _, e := range s.endpoints {
		x := e.state
		x.Settings, x.ACL = copied(x.Settings), cloneACL(x.ACL)
		x.Problem = e.tested(now.Sub(s.start)).Message
		v.Endpoints = append(v.Endpoints, x)
	}
	v.Tasks = make([]Task, len(s.tasks))
	for i, t := range s.tasks {
		v.Tasks[i] = t.withTables(now)
	}
}

// copyJSON copies what JSON can say with everything below it.
func copyJSON[T any](v *T) *T {
	if v == nil {
		return nil
	}
	c := new(T)
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, c)
	}
	if err != nil {
		panic(fmt.Sprintf("aemtest: a %T is not JSON: %v", v, err))
	}
	return c
}

// copied copies what encoding/json has made of JSON; states are asked for often.
func copied[T any](v T) T {
	switch x := any(v).(type) {
	case map[string]any:
		c := make(map[string]any, len(x))
		for k, member := range x {
			c[k] = copied(member)
		}
		return any(c).(T)
	case []any:
		c := slices.Clone(x)
		for i := range c {
			c[i] = copied(c[i])
		}
		return any(c).(T)
	}
	return v
}

// whole is a number of the API, which has no fractions.
func whole[T int64 | float64](v T) aem.Number { return aem.WholeOf(int64(v)) }

func addTo(n *aem.Number, v int64) { *n = aem.WholeOf(n.Int() + v) }

// given makes zero of what a value leaves out, as servers do.
func given[T any](v T) T {
	give(reflect.ValueOf(&v).Elem(), "")
	return v
}

// givenTask makes zero of what a task leaves out that tasks of its product have.
func givenTask(v aem.TaskDetails) aem.TaskDetails {
	other := aem.Replicate
	if v.Product == aem.Replicate {
		other = aem.Compose
	}
	give(reflect.ValueOf(&v).Elem(), ","+string(other))
	return v
}

// give leaves fields alone whose tag has the option except.
func give(v reflect.Value, except string) {
	switch x := v.Addr().Interface().(type) {
	case *aem.Number:
		if !x.IsSet() {
			*x = aem.WholeOf(0)
		}
	case *aem.Bool:
		*x = aem.BoolOf(x.True())
	case *aem.Duration:
		if !x.IsSet() {
			*x = aem.DurationOf(0)
		}
	default:
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				f := v.Type().Field(i)
				if f.IsExported() && (except == "" || !strings.Contains(f.Tag.Get("api"), except)) {
					give(v.Field(i), except)
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				give(v.Index(i), except)
			}
		case reflect.Pointer:
			if !v.IsNil() {
				give(v.Elem(), except)
			}
		}
	}
}
