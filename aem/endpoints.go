package aem

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// EndpointsService reads and manages the endpoints of a Replicate server.
type EndpointsService struct{ core *core }

// An EndpointRef names an endpoint of a server.
type EndpointRef struct {
	Server   string `json:"server"`
	Endpoint string `json:"endpoint"`
}

func (r EndpointRef) path() []string { return []string{"servers", r.Server, "endpoints", r.Endpoint} }

// Endpoint is one row of an endpoint list (GetEndpointList).
type Endpoint struct {
	Name        string       `api:"name,required"`
	Description string       `api:"description"`
	Role        EndpointRole `api:"role"`
	Type        string       `api:"type"`                          // as the console shows it, in a case of its own
	Licensed    Bool         `api:"is_licensed|legacy:isLicensed"` // the server's licence allows it
}

var endpointTable = wire.NewTable[Endpoint]()

// MarshalJSON writes the endpoint as the API does.
func (e Endpoint) MarshalJSON() ([]byte, error) { return marshal(endpointTable, &e) }

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Endpoint) UnmarshalJSON(data []byte) error { return unmarshal(endpointTable, data, e) }

// EndpointRole says what an endpoint can be for a task.
type EndpointRole string

// The roles of an endpoint.
const (
	EndpointSource EndpointRole = "source"
	EndpointTarget EndpointRole = "target"
	EndpointBoth   EndpointRole = "both"
	EndpointAll    EndpointRole = "all"
)

// Spellings lists the roles.
func (EndpointRole) Spellings() []EndpointRole {
	return []EndpointRole{EndpointAll, EndpointSource, EndpointTarget, EndpointBoth}
}

// EndpointState is the result of a test.
type EndpointState string

// The states of a tested endpoint.
const (
	EndpointUnknown   EndpointState = "unknown"
	EndpointConnected EndpointState = "connected"
	EndpointFailed    EndpointState = "failed"
)

// Spellings lists the states.
func (EndpointState) Spellings() []EndpointState {
	return []EndpointState{
		EndpointUnknown, EndpointConnected + "|CONNECTED|SUCCESS", EndpointFailed + "|ERROR|FAILURE",
	}
}

// EndpointTest is the result of a test (TestEndpoint).
type EndpointTest struct {
	State   EndpointState `api:"status|legacy:state|guide:requeststate"` // the guide shows three forms
	Message string        `api:"message|legacy:error_message,message,null"`
	Details string        `api:"detailed_message|legacy:detailed message,message,null"`
}

var endpointTestTable = wire.NewTable[EndpointTest]()

// MarshalJSON writes the result as the API does.
func (t EndpointTest) MarshalJSON() ([]byte, error) { return marshal(endpointTestTable, &t) }

// UnmarshalJSON reads what MarshalJSON writes.
func (t *EndpointTest) UnmarshalJSON(data []byte) error { return unmarshal(endpointTestTable, data, t) }

func (t *EndpointTest) check(s *wire.Scanner) string {
	if t.Message == "" {
		t.Message = plainMessage(s)
	}
	if t.State == "" {
		return "not the result of a test: it has no state"
	}
	return ""
}

// OK reports whether the endpoint can be used.
func (t EndpointTest) OK() bool { return t.State == EndpointConnected }

// List returns the endpoints of a server, or those of them that made sense together
// with an ErrPartial. It needs the role Viewer on all endpoints.
//
// API: GetEndpointList, GET /servers/{server}/endpoints.
func (s EndpointsService) List(ctx context.Context, server string, opts ...CallOption) ([]Endpoint, error) {
	return fetch(ctx, s.core, opts, get("GetEndpointList", "servers", server, "endpoints"),
		listOf(endpointTable, "endpointList"))
}

// Test lets the server connect to the endpoint's database and check what it needs
// there, for at most timeout (to the second; 0 means a minute), for which the client
// waits too. A test that finds a fault is a result; ErrTestTimeout says that there is
// none. As it makes work for others it is never repeated by itself. It needs the role
// Operator on the endpoint.
//
// API: TestEndpoint, GET /servers/{server}/endpoints/{endpoint}?action=test&timeout={s}.
func (s EndpointsService) Test(ctx context.Context, ref EndpointRef, timeout time.Duration,
	opts ...CallOption) (*EndpointTest, error) {
	c := send(http.MethodGet, "TestEndpoint", "test", ref.path()...)
	c.once = true
	if err := c.setTimeout(timeout); err != nil {
		return nil, err
	}
	return fetch(ctx, s.core, opts, c, objectOf(endpointTestTable, (*EndpointTest).check))
}

// A Patch changes settings of an endpoint, one after the other.
type Patch []PatchOperation

// A PatchOperation changes one setting of an endpoint.
type PatchOperation struct {
	Op    string // add, replace, remove or test
	Path  string // /db_settings/…, as in an export with endpoints
	Value any    // what JSON can hold, or a Password; unused by remove
}

// SetSetting adds a setting, or replaces it.
func SetSetting(path string, value any) PatchOperation { return PatchOperation{"add", path, value} }

// ReplaceSetting replaces a setting that is there.
func ReplaceSetting(path string, value any) PatchOperation {
	return PatchOperation{"replace", path, value}
}

// RemoveSetting removes a setting.
func RemoveSetting(path string) PatchOperation { return PatchOperation{"remove", path, nil} }

// TestSetting lets the patch fail when a setting is another.
func TestSetting(path string, value any) PatchOperation { return PatchOperation{"test", path, value} }

// Patch changes settings of an endpoint. Running tasks notice when they run next. The
// type of an endpoint cannot be changed. It needs the role Designer on all endpoints.
//
// API: PatchEndpoint, PATCH /servers/{server}/endpoints/{endpoint}.
func (s EndpointsService) Patch(ctx context.Context, ref EndpointRef, patch Patch, opts ...CallOption) error {
	c := send(http.MethodPatch, "PatchEndpoint", "", ref.path()...)
	if len(patch) == 0 {
		return refusal(c.operation, "there is nothing to change")
	}
	body := make([]object, 0, len(patch))
	for _, o := range patch {
		element, err := s.patch(c.operation, o)
		if err != nil {
			return err
		}
		body = append(body, element)
	}
	if err := c.setJSON(body); err != nil {
		return err
	}
	return s.core.do(ctx, opts, c)
}

func (s EndpointsService) patch(operation string, o PatchOperation) (object, error) {
	if !strings.HasPrefix(o.Path, "/db_settings/") {
		return nil, refusal(operation, "the path of a setting begins with /db_settings/")
	}
	if strings.HasSuffix(o.Path, "/$type") {
		return nil, refusal(operation, "the type of an endpoint cannot be changed")
	}
	element := object{"op": o.Op, "path": o.Path}
	switch o.Op {
	case "remove":
		return element, nil
	case "add", "replace", "test":
	default:
		return nil, refusal(operation, "an operation is add, replace, remove or test")
	}
	element["value"] = o.Value
	if password, ok := o.Value.(Password); ok {
		text, _ := password.reveal()
		s.core.session.scrub.add(text)
		element["value"] = text
	}
	return element, nil
}

// DeleteEndpointOptions say how to delete.
type DeleteEndpointOptions struct {
	// FallBackToPOST repeats the call as a POST when the server does not know the
	// DELETE: the guide describes the one and shows the other.
	FallBackToPOST bool
}

// Delete deletes an endpoint that no task uses (else ErrInUse). It needs the role
// Designer on the endpoint.
//
// API: DeleteEndpoint, DELETE /servers/{server}/endpoints/{endpoint}?action=delete.
func (s EndpointsService) Delete(ctx context.Context, ref EndpointRef, o DeleteEndpointOptions,
	opts ...CallOption) error {
	attempt := func(verb string) error {
		return s.core.do(ctx, opts, send(verb, "DeleteEndpoint", "delete", ref.path()...))
	}
	err := attempt(http.MethodDelete)
	if o.FallBackToPOST && unknownVerb(err) {
		return attempt(http.MethodPost)
	}
	return err
}

// unknownVerb reports whether a web server, not the API, refused a request.
func unknownVerb(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindHTTP {
		return false
	}
	switch e.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// ReconfigureOptions say what becomes of the tasks that use an endpoint.
type ReconfigureOptions struct {
	// KeepTasks leaves the tasks as they are, for one who stops and resumes them
	// himself. Otherwise the running ones are stopped and resumed.
	KeepTasks bool
}

// Reconfigure gives an Oracle source endpoint the settings of the endpoint
// {endpoint}__{configuration}, whose last part alone is the configuration. The
// server does so in its own time; see Failover for all of the procedure. It needs
// the role Operator on all endpoints.
//
// API: ReconfigureEndpointNoWait, PUT
// /servers/{server}/endpoints/{endpoint}?action=reconfigure&configuration={name}&recycle={bool}.
func (s EndpointsService) Reconfigure(ctx context.Context, ref EndpointRef, configuration string,
	o ReconfigureOptions, opts ...CallOption) error {
	const operation = "ReconfigureEndpointNoWait"
	if err := missing(operation, "configuration", configuration); err != nil {
		return err
	}
	if strings.HasPrefix(configuration, ref.Endpoint+configurationMark) {
		return refusal(operation, "the configuration is only what follows the two underscores in the name of its endpoint")
	}
	c := send(http.MethodPut, operation, "reconfigure", ref.path()...)
	return s.core.do(ctx, opts, c.with("configuration", configuration).with("recycle", boolText(!o.KeepTasks)))
}

// configurationMark is between the names of an endpoint and its configuration.
const configurationMark = "__"
