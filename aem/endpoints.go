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

func readEndpointTest(s *wire.Scanner, t *EndpointTest) error {
	endpointTestTable.Document(s, t)
	if t.Message == "" {
		t.Message = plainMessage(s)
	}
	if t.State == "" {
		s.Fault("not the result of a test: it has no state")
	}
	return s.Result()
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
	c := send(http.MethodGet, "TestEndpoint", "test", ref.path()...).within(timeout)
	c.once = true
	return fetchOne(ctx, s.core, opts, c, readEndpointTest)
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
		c.refuse("there is nothing to change")
	}
	body := make([]object, 0, len(patch))
	for _, o := range patch {
		element := object{"op": o.Op, "path": o.Path}
		switch {
		case !strings.HasPrefix(o.Path, "/db_settings/"):
			c.refuse("the path of a setting begins with /db_settings/")
		case strings.HasSuffix(o.Path, "/$type"):
			c.refuse("the type of an endpoint cannot be changed")
		case o.Op == "add", o.Op == "replace", o.Op == "test":
			element["value"] = s.core.revealed(o.Value)
		case o.Op != "remove":
			c.refuse("an operation is add, replace, remove or test")
		}
		body = append(body, element)
	}
	return s.core.do(ctx, opts, c.json(body))
}

// revealed is a value to send: of a Password, its text.
func (c *core) revealed(value any) any {
	password, ok := value.(Password)
	if !ok {
		return value
	}
	text, _ := password.reveal()
	c.session.scrub.add(text)
	return text
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
	c := send(http.MethodPut, opReconfigure, "reconfigure", ref.path()...).needs("configuration", configuration)
	if strings.HasPrefix(configuration, ref.Endpoint+configurationMark) {
		c.refuse("the configuration is only what follows the two underscores in the name of its endpoint")
	}
	return s.core.do(ctx, opts, c.with("configuration", configuration).with("recycle", boolText(!o.KeepTasks)))
}

const opReconfigure = "ReconfigureEndpointNoWait"

// configurationMark is between the names of an endpoint and its configuration.
const configurationMark = "__"
