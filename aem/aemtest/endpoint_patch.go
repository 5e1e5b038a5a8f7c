package aemtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
)

// patchOperation is one step of a PatchEndpoint.
type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func (s *Simulator) patchEndpoint(c *call) answer {
	_, x, e := s.monitoredEndpoint(c)
	if e != nil {
		return s.fail(*e)
	}
	var steps []patchOperation
	if err := decodeJSON(c.body, &steps); err != nil {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type JsonPatchDocument: %v", err)
	}
	settings := copyJSON(x.state.Settings)
	for i, step := range steps {
		if err := applyStep(settings, step); err != nil {
			return s.failed("AEM_PATCH_ENDPOINT_INNER_ERR",
				"Failed to patch replication endpoint %s on server %s. Operation %d: %v", c.object, c.server, i, err)
		}
	}
	x.state.Settings = settings
	return s.void()
}

// applyStep applies one step to the settings of an endpoint.
func applyStep(settings map[string]any, step patchOperation) error {
	rest, ok := strings.CutPrefix(step.Path, "/db_settings/")
	if !ok || rest == "" {
		return fmt.Errorf("the path %q is not below /db_settings", step.Path)
	}
	if step.Op != "test" && (rest == "$type" || rest == "connectioninfo/$type") {
		return fmt.Errorf("the path %q cannot be changed", step.Path)
	}
	names := strings.Split(rest, "/")
	for i, n := range names {
		names[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(n)
	}
	object := settings
	for _, n := range names[:len(names)-1] {
		if object, ok = object[n].(map[string]any); !ok {
			return fmt.Errorf("the path %q leads through something that is not an object", step.Path)
		}
	}
	name := names[len(names)-1]
	old, there := object[name]
	if step.Op != "add" && !there {
		return fmt.Errorf("there is nothing at %q", step.Path)
	}
	switch step.Op {
	case "add", "replace":
		object[name] = step.Value
	case "remove":
		delete(object, name)
	case "test":
		if !reflect.DeepEqual(normalJSON(old), normalJSON(step.Value)) {
			return fmt.Errorf("the value at %q is another one", step.Path)
		}
	default:
		return fmt.Errorf("the operation %q is not supported", step.Op)
	}
	return nil
}

// normalJSON is a value as encoding/json would read it.
func normalJSON(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		return v
	}
	return out
}

// configurationOf separates the name of an endpoint from that of its configuration.
const configurationOf = "__"

func (s *Simulator) reconfigureEndpoint(c *call) answer {
	srv, x, e := s.monitoredEndpoint(c)
	if e != nil {
		return s.fail(*e)
	}
	inner := func(format string, args ...any) answer {
		return s.failed("AEM_RECONFIGURE_ENDPOINT_INNER_ERR", "Failed to reconfigure endpoint %q on server %q. Error: %q",
			c.object, c.server, fmt.Sprintf(format, args...))
	}
	name := c.query.Get("configuration")
	if name == "" {
		return s.missing("configuration")
	}
	recycle := true
	if text := c.query.Get("recycle"); text != "" {
		var err error
		if recycle, err = strconv.ParseBool(strings.ToLower(text)); err != nil {
			return inner("recycle is neither true nor false")
		}
	}
	if x.state.Type != oracle || x.state.Role == Target {
		return inner("the endpoint is not an Oracle source endpoint")
	}
	from := srv.endpoint(x.state.Name + configurationOf + name)
	if from == nil || from.state.Type != oracle || from.state.Role == Target {
		return inner("there is no Oracle source endpoint %s", x.state.Name+configurationOf+name)
	}
	x.state.Settings = copyJSON(from.state.Settings)
	x.state.Configuration = name
	x.test, x.trouble = from.test, from.trouble
	if recycle {
		s.recycle(srv, x)
	}
	a := s.void()
	a.headers = map[string]string{"Application-Status": strconv.Itoa(http.StatusOK), "Application-Message": "OK"}
	return a
}

// recycle stops and resumes the tasks that use an endpoint and run.
func (s *Simulator) recycle(srv *server, x *endpoint) {
	now := s.Now()
	for _, t := range srv.users(x.state.Name) {
		if v := t.at(now); v.State == Running || v.State == Recovery {
			t.halt(now, 0)
			t.resume(now, s.opts.TaskDelay)
		}
	}
}
