package aem

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// ServersService reads and manages the Replicate and Compose servers that Enterprise
// Manager knows.
type ServersService struct{ core *core }

// The API spells one value of an enum in several ways and sometimes sends its number. The
// types of this package carry one spelling of each, lower-case with underscores. A value
// that is not listed is kept as its own lower-cased text; "" means that the API gave
// none. The method Spellings of each type has the values in the order of the API's
// numbers, and behind bars what else the API calls them.

// Product is the product that a server or task belongs to.
type Product string

// The products.
const (
	Replicate Product = "replicate"
	Compose   Product = "compose"
)

// UnmarshalText tells the product from $type or type, by whatever name.
func (p *Product) UnmarshalText(text []byte) error {
	class := strings.ToLower(strings.TrimSpace(string(text)))
	switch {
	case class == "":
	case strings.Contains(class, string(Compose)), class == "3", class == "4", class == "5": // of the enum ServerType
		*p = Compose
	default:
		*p = Replicate
	}
	return nil
}

// ServerState says whether Enterprise Manager watches a server.
type ServerState string

// The states of a server.
const (
	ServerNotMonitored ServerState = "not_monitored"
	ServerMonitored    ServerState = "monitored"
	ServerError        ServerState = "error"
)

// Spellings lists the states.
func (ServerState) Spellings() []ServerState {
	return []ServerState{ServerNotMonitored, ServerMonitored, ServerError}
}

// LicenseState says whether a server's licence is good.
type LicenseState string

// The states of a licence.
const (
	LicenseValid              LicenseState = "valid"
	LicenseInvalidChecksum    LicenseState = "invalid_checksum"
	LicenseExpired            LicenseState = "expired"
	LicenseNone               LicenseState = "no_license"
	LicenseMachineNotLicensed LicenseState = "machine_not_licensed"
	LicenseInvalid            LicenseState = "invalid"
)

// Spellings lists the states.
func (LicenseState) Spellings() []LicenseState {
	return []LicenseState{
		LicenseValid + "|VALID_LICENSE|LICENSE_VALID", LicenseInvalidChecksum +
			"|INVALID_LICENSE_CHECKSUM|LICENSE_INVALID_CHECKSUM",
		LicenseExpired + "|EXPIRED_LICENSE|LICENSE_EXPIRED|LICENSE_EXPIRED_NO_LICENSE", LicenseNone,
		LicenseMachineNotLicensed,
		LicenseInvalid + "|INVALID_LICENSE|LICENSE_INVALID",
	}
}

// Platform is the operating system of a server.
type Platform string

// The platforms of a server.
const (
	PlatformUnknown Platform = "unknown"
	PlatformWindows Platform = "windows"
	PlatformLinux   Platform = "linux"
)

// Spellings lists the platforms.
func (Platform) Spellings() []Platform {
	return []Platform{PlatformUnknown, PlatformWindows, PlatformLinux}
}

// ServerInfo is one row of the server list (GetServerList).
type ServerInfo struct {
	Product        Product     `api:"$type|own:product|type,own"`
	Name           string      `api:"name,required"`
	Description    string      `api:"description"`
	Host           string      `api:"host"`
	Port           string      `api:"port"`
	State          ServerState `api:"state"`
	Message        string      `api:"message,message"` // "" when the API says NONE or nothing
	Platform       Platform    `api:"platform"`
	Version        string      `api:"version,null"`
	LastConnection time.Time   `api:"last_connection"` // UTC; zero when the API gave none
}

var serverInfoTable = wire.NewTable[ServerInfo]()

func readServerList(s *wire.Scanner, list *[]ServerInfo) error {
	err := listOf(serverInfoTable, "serverList")(s, list)
	for i := range *list {
		(*list)[i].Product = cmp.Or((*list)[i].Product, Replicate)
	}
	return err
}

// ServerDetails is one server in detail (GetServerDetails).
type ServerDetails struct {
	Product     Product  `api:"$type|own:product|type,own"`
	Name        string   `api:"name"`
	Description string   `api:"description"`
	Host        string   `api:"configuration.host"`
	Platform    Platform `api:"configuration.platform"`
	Port        string   `api:"configuration.port"`
	// the account that Enterprise Manager uses
	Username       string      `api:"configuration.user_name|guide:configuration.username"`
	State          ServerState `api:"state"`
	Message        string      `api:"message,message"`
	Version        string      `api:"version,null"`
	License        License     `api:"license"`
	LastConnection time.Time   `api:"last_connection"`
	TaskSummary    TaskSummary `api:"task_summary|tasks_summary|aem_tasks_summary"`
	Utilization    Utilization `api:"resource_utilization"`
}

// License is a server's licence.
type License struct {
	Issued           time.Time    `api:"issue_date,date"` // UTC
	State            LicenseState `api:"state"`
	Expires          time.Time    `api:"expiration,date"`           // UTC; zero for a licence without end
	DaysToExpiration Number       `api:"days_to_expiration,signed"` // may be negative
}

// TaskSummary counts a server's tasks.
type TaskSummary struct {
	Total      Number `api:"total"`
	Running    Number `api:"running"`
	Stopped    Number `api:"stopped"`
	Recovering Number `api:"recovering"`
	Error      Number `api:"error"`
}

// Utilization is the load of a server. A value that the API marks as not
// available (-1) is absent.
type Utilization struct {
	DiskMB       Number `api:"disk_usage_mb"` // megabytes of 1 048 576 bytes
	MemoryMB     Number `api:"memory_mb"`
	ReplicateCPU Number `api:"attunity_cpu_percentage"` // percent: the server process and all its tasks
	MachineCPU   Number `api:"machine_cpu_percentage"`  // percent
}

var serverDetailsTable = wire.NewTable[ServerDetails]()

func readServerDetails(s *wire.Scanner, d *ServerDetails) error {
	serverDetailsTable.Details(s, "serverdetails", false, d)
	d.Product = cmp.Or(d.Product, Replicate)
	return s.Result()
}

// ServerDefinition is how Enterprise Manager reaches a server (GetServer,
// PutServer).
type ServerDefinition struct {
	Product     Product `api:"$type|own:product|type,own"`
	Name        string  `api:"name"` // at most 64 letters, digits, blanks, dots, dashes and underscores
	Description string  `api:"description"`
	Host        string  `api:"host"`
	// of a Replicate server 3552, of a Replicate or Compose console usually 443
	Port     string `api:"port"`
	Username string `api:"username|user_name"` // an administrator of the server
	// Password to give, or, of a definition that Definition returned, a stand-in for
	// the one that the server has. The stand-in is good until the client's session
	// ends; then Put refuses it.
	Password Password
	// VerifyCertificate and Monitored count as true when absent.
	VerifyCertificate Bool `api:"verify_server_certificate"`
	Monitored         Bool `api:"monitored"`
}

var serverDefinitionTable = wire.NewTable[ServerDefinition]()

const opPutServer = "PutServer"

// Validate says what the API would refuse for certain.
func (d ServerDefinition) Validate() error {
	port, err := strconv.Atoi(d.Port)
	switch {
	case d.Product != Replicate && d.Product != Compose:
		return errors.New("the product must be replicate or compose")
	case !plainName(d.Name):
		return fmt.Errorf("the name of the server is invalid: %s", plainNames)
	case !plainName(d.Host):
		return fmt.Errorf("the host is invalid: %s", plainNames)
	case utf8.RuneCountInString(d.Description) > 250 || !utf8.ValidString(d.Description):
		return errors.New("the description is not UTF-8, or longer than 250 characters")
	case err != nil || port < 1 || port > 65535:
		return errors.New("the port must be a number between 1 and 65535")
	case d.Username == "" || utf8.RuneCountInString(d.Username) > 104 || strings.ContainsAny(d.Username, `/[]:;|=+*?<>"`):
		return errors.New(`the user name is invalid: 1 to 104 characters, none of / [ ] : ; | = + * ? < > "`)
	case !d.Password.IsSet():
		return errors.New("the password is empty")
	}
	return nil
}

const plainNames = "1 to 64 letters (a-z), digits, blanks, dots, dashes and underscores"

func plainName(name string) bool {
	return 0 < len(name) && len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune(" .-_", r)
	})
}

// A serverMessage is a definition on its way.
type serverMessage struct {
	Class            string `api:"$type|type"`
	ServerDefinition `api:",inline"`
	Secret           string `api:"password"`
}

var serverMessageTable = wire.NewTable[serverMessage]()

// List returns the servers, or those of them that made sense together with an
// ErrPartial. It needs the role Viewer on all servers.
//
// API: GetServerList, GET /servers.
func (s ServersService) List(ctx context.Context, opts ...CallOption) ([]ServerInfo, error) {
	c := get("GetServerList", "servers")
	return fetch(ctx, s.core, opts, c, readServerList)
}

// Details returns one server in detail; ErrNotFound when there is none of that
// name. It needs the role Viewer on the server.
//
// API: GetServerDetails, GET /servers/{server}.
func (s ServersService) Details(ctx context.Context, server string, opts ...CallOption) (*ServerDetails, error) {
	c := get("GetServerDetails", "servers", server)
	return fetchOne(ctx, s.core, opts, c, named(server, readServerDetails,
		func(d *ServerDetails) []string { return []string{d.Name} }))
}

// All goes through the servers that List returns. What went wrong comes at the end,
// with a zero ServerInfo.
//
// Calls: GetServerList.
func (s ServersService) All(ctx context.Context, opts ...CallOption) iter.Seq2[ServerInfo, error] {
	return func(yield func(ServerInfo, error) bool) {
		list, err := s.List(ctx, opts...)
		for _, server := range list {
			if !yield(server, nil) {
				return
			}
		}
		if err != nil {
			yield(ServerInfo{}, err)
		}
	}
}

// Definition returns how Enterprise Manager reaches a server. It needs the role
// Operator on the server.
//
// API: GetServer, GET /servers/{server}/def.
func (s ServersService) Definition(ctx context.Context, server string, opts ...CallOption) (*ServerDefinition, error) {
	c := get("GetServer", "servers", server, "def")
	d, err := fetchOne(ctx, s.core, opts, c, named(server, readServerMessage,
		func(d *serverMessage) []string { return []string{d.Name} }))
	if err != nil {
		return nil, err
	}
	s.core.session.scrub.add(d.Secret)
	d.Password = NewPassword(d.Secret)
	if d.Password.IsSet() {
		id := c.session
		d.Password.hidden = func() (string, string) { return d.Secret, id }
	}
	return &d.ServerDefinition, nil
}

func readServerMessage(s *wire.Scanner, m *serverMessage) error {
	serverMessageTable.Document(s, m)
	if m.Name == "" {
		s.Fault("not the definition of a server: it has no name")
	}
	_ = m.Product.UnmarshalText([]byte(m.Class))
	m.Product = cmp.Or(m.Product, Replicate)
	return s.Result()
}

// Put adds a server, or changes how a server of that name is reached. It needs the
// role Admin on the server, to add one Admin on all servers.
//
// API: PutServer, PUT /servers/{server}/def.
func (s ServersService) Put(ctx context.Context, d ServerDefinition, opts ...CallOption) error {
	password, session := d.Password.reveal()
	c := send(http.MethodPut, opPutServer, "", "servers", d.Name, "def").checked(d.Validate())
	c.bound = session
	class := map[Product]string{Replicate: "AemReplicateServer", Compose: "AemComposeServer"}[d.Product]
	s.core.session.scrub.add(password)
	d.VerifyCertificate, d.Monitored = BoolOf(d.VerifyCertificate.or(true)), BoolOf(d.Monitored.or(true))
	return s.core.do(ctx, opts, value(c, serverMessageTable, &serverMessage{Class: class, ServerDefinition: d,
		Secret: password}))
}

// Update gets the definition of a server, lets change alter it and puts it back, unless it
// is as it was, with the password that the server has unless change sets another. When the
// session ends in between, or somebody else has changed the definition, it starts over, a
// few times, then fails with ErrStale: change may be called more than once. An error of
// change ends it and is returned.
//
// Calls: GetServer, PutServer.
func (s ServersService) Update(
	ctx context.Context, server string, change func(*ServerDefinition) error, opts ...CallOption,
) error {
	return changeOf[ServerDefinition]{
		operation: opPutServer,
		get:       func() (*ServerDefinition, error) { return s.Definition(ctx, server, opts...) },
		text:      (*ServerDefinition).text,
		change: func(d *ServerDefinition) error {
			name := d.Name
			if err := change(d); err != nil {
				return err
			}
			if d.Name != name {
				return refusal(opPutServer, "a server cannot be renamed")
			}
			return nil
		},
		check: func(d *ServerDefinition) error { return d.Validate() },
		put: func(d, now *ServerDefinition) error {
			if _, session := d.Password.reveal(); session != "" {
				d.Password = now.Password // of the present session
			}
			return s.Put(ctx, *d, opts...)
		},
	}.make()
}

// text is the same for two definitions of which a Put is the same. Two stand-ins for the
// password that a server has are alike.
func (d *ServerDefinition) text() string {
	text, _ := marshal(serverDefinitionTable, d)
	password, session := d.Password.reveal()
	if session != "" {
		password = ""
	}
	return fmt.Sprint(string(text), session != "", password)
}

// Delete removes a server from Enterprise Manager, with its messages and the
// permissions on it, its tasks and its endpoints. Its tasks go on running,
// unwatched. It needs the role Admin on the server.
//
// API: DeleteServer, DELETE /servers/{server}/def.
func (s ServersService) Delete(ctx context.Context, server string, opts ...CallOption) error {
	return s.core.do(ctx, opts, send(http.MethodDelete, "DeleteServer", "", "servers", server, "def"))
}

// PutLicense registers the licence of a Replicate server: the text of the file, or
// JSON. It needs the role Admin on the server.
//
// API: PutServerLicense, PUT /servers/{server}/license/def.
func (s ServersService) PutLicense(ctx context.Context, server string, license io.Reader, opts ...CallOption) error {
	c := send(http.MethodPut, "PutServerLicense", "", "servers", server, "license", "def")
	if !bytes.HasPrefix(c.upload(license), []byte("{")) {
		c.contentType = "text/plain; charset=utf-8"
	}
	return s.core.do(ctx, opts, c)
}

// Export returns the definitions of all tasks and endpoints of a Replicate server,
// and its settings, as a stream that the caller reads and closes; see JSON. The
// server may take a minute longer than other calls before it begins. It needs the
// role Admin on Enterprise Manager and on the server, Designer on all tasks and
// Operator on all endpoints.
//
// API: ExportAll, GET /servers/{server}?action=export.
func (s ServersService) Export(ctx context.Context, server string, opts ...CallOption) (io.ReadCloser, error) {
	return s.core.export(ctx, opts, send(http.MethodGet, "ExportAll", "export", "servers", server))
}

// Import adds the tasks and endpoints of an export to a Replicate server, and
// replaces those that it has already; nothing is removed. It needs the role Admin on Enterprise Manager
// and on the server, Designer on all tasks and on all endpoints.
//
// API: ImportAll, POST /servers/{server}?action=import.
func (s ServersService) Import(ctx context.Context, server string, document io.Reader, opts ...CallOption) error {
	c := send(http.MethodPost, "ImportAll", "import", "servers", server)
	c.wait = importWait
	c.upload(document)
	return s.core.do(ctx, opts, c)
}
