package aem

import (
	"bytes"
	"context"
	"io"
	"net/http"
)

// ServerDefinition is how Enterprise Manager reaches a server (GetServer,
// PutServer).
type ServerDefinition struct {
	Product     Product
	Name        string // at most 64 letters, digits, blanks, dots, dashes and underscores
	Description string
	Host        string
	Port        string // of a Replicate server 3552, of a Replicate or Compose console usually 443
	Username    string // an administrator of the server
	// Password to give, or, of a definition that Definition returned, a stand-in for
	// the one that the server has. The stand-in is good until the client's session
	// ends; then Put refuses it.
	Password Password
	// VerifyCertificate and Monitored count as true when absent.
	VerifyCertificate Bool
	Monitored         Bool
}

// Definition returns how Enterprise Manager reaches a server. It needs the role
// Operator on the server.
//
//qem:operation GetServer GET /servers/{server}/def
func (s ServersService) Definition(ctx context.Context, server string) (*ServerDefinition, error) {
	c := &call{
		operation:  "GetServer",
		verb:       http.MethodGet,
		path:       []string{"servers", server, "def"},
		idempotent: true,
	}
	d, err := fetch(ctx, s.core.call, c, decodeServerDefinition)
	if err != nil {
		return nil, err
	}
	if text, _ := d.Password.reveal(); text != "" {
		s.core.session.scrub.add(text)
		id := c.session
		d.Password.hidden = func() (string, string) { return text, id }
	}
	return d, nil
}

// Put adds a server, or changes how a server of that name is reached. It needs the
// role Admin on the server, to add one Admin on all servers.
//
//qem:operation PutServer PUT /servers/{server}/def
func (s ServersService) Put(ctx context.Context, d ServerDefinition) error {
	password, session := d.Password.reveal()
	c := &call{operation: "PutServer", verb: http.MethodPut, path: []string{"servers", d.Name, "def"}, bound: session}
	class := map[Product]string{Replicate: "AemReplicateServer", Compose: "AemComposeServer"}[d.Product]
	if class == "" {
		return refusal(c.operation, "the product must be replicate or compose")
	}
	if err := missing(c.operation, "host", d.Host, "port", d.Port, "user name", d.Username, "password", password); err != nil {
		return err
	}
	s.core.session.scrub.add(password)
	err := c.setJSON(object{
		"$type":                     class,
		"name":                      d.Name,
		"description":               d.Description,
		"host":                      d.Host,
		"port":                      d.Port,
		"username":                  d.Username,
		"password":                  password,
		"verify_server_certificate": d.VerifyCertificate.or(true),
		"monitored":                 d.Monitored.or(true),
	})
	if err != nil {
		return err
	}
	return s.core.call(ctx, c)
}

// Update gets the definition of a server, lets change alter it and puts it back,
// with the password that the server has unless change sets another. An error of
// change ends it and is returned. Both happen in one session; when it ends in
// between, nothing is put and the error is an ErrInvalid.
//
//qem:uses GetServer PutServer
func (s ServersService) Update(ctx context.Context, server string, change func(*ServerDefinition) error) error {
	d, err := s.Definition(ctx, server)
	if err != nil {
		return err
	}
	name := d.Name
	if err := change(d); err != nil {
		return err
	}
	if d.Name != name {
		return refusal("PutServer", "a server cannot be renamed")
	}
	return s.Put(ctx, *d)
}

// Delete removes a server from Enterprise Manager, with its messages and the
// permissions on it, its tasks and its endpoints. Its tasks go on running,
// unwatched. It needs the role Admin on the server.
//
//qem:operation DeleteServer DELETE /servers/{server}/def
func (s ServersService) Delete(ctx context.Context, server string) error {
	return s.core.call(ctx, &call{operation: "DeleteServer", verb: http.MethodDelete, path: []string{"servers", server, "def"}})
}

// PutLicense registers the licence of a Replicate server: the text of the file, or
// JSON. It needs the role Admin on the server.
//
//qem:operation PutServerLicense PUT /servers/{server}/license/def
func (s ServersService) PutLicense(ctx context.Context, server string, license io.Reader) error {
	c := &call{operation: "PutServerLicense", verb: http.MethodPut, path: []string{"servers", server, "license", "def"}}
	if err := c.setDocument(license); err != nil {
		return err
	}
	if text := bytes.TrimSpace(bytes.TrimPrefix(c.body, []byte(byteOrderMark))); text[0] != '{' {
		c.contentType = "text/plain; charset=utf-8"
	}
	return s.core.call(ctx, c)
}

// Export returns the definitions of all tasks and endpoints of a Replicate server,
// and its settings, as a stream that the caller reads and closes; see JSON. The
// server may take a minute longer than other calls before it begins. It needs the
// role Admin on Enterprise Manager and on the server, Designer on all tasks and
// Operator on all endpoints.
//
//qem:operation ExportAll GET /servers/{server}?action=export
func (s ServersService) Export(ctx context.Context, server string) (io.ReadCloser, error) {
	return s.core.export(ctx, &call{
		operation: "ExportAll",
		path:      []string{"servers", server},
		query:     query{{"action", "export"}},
	})
}

// Import adds the tasks and endpoints of an export to a Replicate server, and
// replaces those that it has already; nothing is removed. The document is read to
// its end before anything is sent. It needs the role Admin on Enterprise Manager
// and on the server, Designer on all tasks and on all endpoints.
//
//qem:operation ImportAll POST /servers/{server}?action=import
func (s ServersService) Import(ctx context.Context, server string, document io.Reader) error {
	c := &call{operation: "ImportAll", verb: http.MethodPost, path: []string{"servers", server}, query: query{{"action", "import"}}, wait: importWait}
	if err := c.setDocument(document); err != nil {
		return err
	}
	return s.core.call(ctx, c)
}
