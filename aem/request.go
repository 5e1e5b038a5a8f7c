package aem

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// defaultWait is how long the API waits for a task or an endpoint unless told
// otherwise. The SDKs do not agree on it, so it is always sent.
const defaultWait = time.Minute

// get is a call that reads, and may be repeated.
func get(operation string, path ...string) *call {
	return &call{operation: operation, verb: http.MethodGet, path: path, idempotent: true}
}

// send is a call that is made once. One path and verb stand for several methods, of
// which the action is one.
func send(verb, operation, action string, path ...string) *call {
	c := &call{operation: operation, verb: verb, path: path}
	if action != "" {
		c.query = query{{"action", action}}
	}
	return c
}

// with adds a parameter.
func (c *call) with(name, value string) *call {
	c.query = append(c.query, param{name, value})
	return c
}

// write makes a call whose body is a value of the API. A text that is not valid UTF-8 is
// refused: what would arrive would be another name.
func write[T any](ctx context.Context, core *core, opts []CallOption, c *call, table *wire.Table[T], v *T) error {
	body, ok := table.Marshal(v, wire.RealWorld)
	if !ok {
		return refusal(c.operation, notUTF8)
	}
	c.body = body
	return core.do(ctx, opts, c)
}

const notUTF8 = "an argument cannot be sent as JSON: is it not UTF-8?"

const byteOrderMark = wire.ByteOrderMark

// An object is a JSON object to send.
type object map[string]any

// setJSON gives the call a JSON body. A text that is not valid UTF-8 is refused:
// what would arrive would be another name.
func (c *call) setJSON(v any) error {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return refusal(c.operation, notUTF8)
	}
	c.body = body
	return nil
}

// setTimeout tells the API how long it may wait, and allows for it.
func (c *call) setTimeout(d time.Duration) error {
	if d < 0 {
		return refusal(c.operation, "the timeout is negative")
	}
	seconds := (cmp.Or(d, defaultWait) + time.Second - 1) / time.Second
	c.wait = seconds * time.Second
	c.with("timeout", strconv.FormatInt(int64(seconds), 10))
	return nil
}

func boolText(b bool) string { return strconv.FormatBool(b) }

// timestamp is a time as the API's arguments want it.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// missing refuses a call of which an argument is empty. namesAndValues alternate.
func missing(operation string, namesAndValues ...string) error {
	for i := 0; i < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] == "" {
			return refusal(operation, fmt.Sprintf("the %s is empty", namesAndValues[i]))
		}
	}
	return nil
}
