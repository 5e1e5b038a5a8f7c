package aemtest

import (
	"cmp"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/qem-exporter/qem_exporter/aem"
)

type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func (c *call) patchEndpoint() error {
	var steps []patchOperation
	if err := c.decode(&steps, "JsonPatchDocument"); err != nil {
		return err
	}
	settings := copied(c.end.state.Settings)
	for i, step := range steps {
		if err := applyStep(settings, step); err != nil {
			return c.failed("AEM_PATCH_ENDPOINT_INNER_ERR", "{step}", strconv.Itoa(i), "{reason}", err.Error())
		}
	}
	c.end.state.Settings = settings
	return nil
}

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
		if !reflect.DeepEqual(old, step.Value) {
			return fmt.Errorf("the value at %q is another one", step.Path)
		}
	default:
		return fmt.Errorf("the operation %q is not supported", step.Op)
	}
	return nil
}

// configurationOf separates the name of an endpoint from that of its configuration.
const configurationOf = "__"

func (c *call) reconfigureEndpoint() error {
	inner := func(reason string) error { return c.failed("AEM_RECONFIGURE_ENDPOINT_INNER_ERR", "{reason}", reason) }
	name := c.query.Get("configuration")
	if name == "" {
		return c.missing("configuration")
	}
	recycle, err := strconv.ParseBool(cmp.Or(strings.ToLower(c.query.Get("recycle")), "true"))
	if err != nil {
		return inner("recycle is neither true nor false")
	}
	x := &c.end.state
	if !isOracleSource(c.end) {
		return inner("the endpoint is not an Oracle source endpoint")
	}
	from := named(c.srv.endpoints, x.Name+configurationOf+name)
	if !isOracleSource(from) {
		return inner("there is no Oracle source endpoint " + x.Name + configurationOf + name)
	}
	x.Settings, x.Configuration = copied(from.state.Settings), name
	c.end.test, c.end.trouble = from.test, from.trouble
	if recycle {
		c.recycle()
	}
	c.headers = map[string]string{"Application-Status": strconv.Itoa(http.StatusOK), "Application-Message": "OK"}
	return nil
}

func isOracleSource(e *endpoint) bool {
	return e != nil && e.state.Type == oracle && e.state.Role != aem.EndpointTarget
}

// recycle stops and resumes the tasks that use the endpoint of the call and run.
func (c *call) recycle() {
	now := c.Now()
	for _, t := range c.srv.users(c.end.name()) {
		if v := t.at(now); works(&v) {
			t.halt(now, 0)
			t.resume(now, c.opts.TaskDelay)
		}
	}
}
