package aemtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// serverDef is the body of PutServer.
type serverDef struct {
	Type        string          `json:"$type"`
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Host        string          `json:"host"`
	Port        json.RawMessage `json:"port"`
	Username    string          `json:"username"`
	Password    string          `json:"password"`
	Verify      json.RawMessage `json:"verify_server_certificate"`
	Monitored   json.RawMessage `json:"monitored"`

	port              string
	verify, monitored bool
}

// parse reads what JSON may spell in several ways.
func (d *serverDef) parse(body []byte) (err error) {
	if err := decodeJSON(body, d); err != nil {
		return err
	}
	d.port = strings.Trim(string(d.Port), `"`)
	if d.port == "null" {
		d.port = ""
	}
	d.verify, d.monitored = true, true
	for _, x := range []struct {
		raw json.RawMessage
		to  *bool
	}{{d.Verify, &d.verify}, {d.Monitored, &d.monitored}} {
		if len(x.raw) == 0 {
			continue
		}
		if *x.to, err = parseBool(x.raw); err != nil {
			return err
		}
	}
	return nil
}

// plain reports whether a name of a server or a host has no more than 64
// characters, all of them letters, digits, or one of " .-_".
func plain(name string) bool {
	return len(name) <= 64 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-_") == "" &&
		!strings.ContainsFunc(name, func(r rune) bool {
			return r > 127 || !strings.ContainsRune(" .-_", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
		})
}

const charactersOfNames = "cannot exceed 64 characters and can only contain the characters a-z, A-Z, 0-9, space, dot, dash and underscore."

// check validates a definition of the server that the URL names.
func (d *serverDef) check(server string) *apiError {
	port, err := strconv.Atoi(d.port)
	switch {
	case d.Type != "AemReplicateServer" && d.Type != "AemComposeServer":
		return apiErrorf("AEM_INVALID_SERVER_TYPE", "Server type %s for server %q is not valid.", d.Type, server)
	case d.Name != server:
		return apiErrorf("AEM_NAME_URL_MISMATCH", "The name of the server in the request does not match the one that is specified in the URL.")
	case !plain(d.Name):
		return apiErrorf("AEM_INVALID_NAME", "The name of the server is invalid. Server names "+charactersOfNames)
	case utf8.RuneCountInString(d.Description) > 250:
		return apiErrorf("AEM_INVALID_DESC", "The description is invalid. Descriptions cannot exceed 250 characters.")
	case d.Host == "":
		return apiErrorf("AEM_EMPTY_HOST", "The host is missing from the request.")
	case !plain(d.Host):
		return apiErrorf("AEM_INVALID_HOST", "The host is invalid. Hosts "+charactersOfNames)
	case d.port == "":
		return apiErrorf("AEM_EMPTY_PORT", "The port is missing from the request.")
	case err != nil || port < 1 || port > 65535:
		return apiErrorf("AEM_INVALID_PORT", "The port is invalid.")
	case d.Username == "":
		return apiErrorf("AEM_EMPTY_USERNAME", "The username is missing from the request.")
	case utf8.RuneCountInString(d.Username) > 104 || strings.ContainsAny(d.Username, `/[]:;|=+*?<>"`):
		return apiErrorf("AEM_INVALID_USERNAME", "The user name is invalid. User names cannot exceed 104 characters and cannot contain the characters / [ ] : ; | = + * ? < > \"")
	case d.Password == "":
		return apiErrorf("AEM_EMPTY_PASSWORD", "The password is missing from the request.")
	}
	return nil
}

func (s *Simulator) putServer(c *call) answer {
	d := &serverDef{}
	if err := d.parse(c.body); err != nil {
		return s.failed("DESERIALIZE_TO_TYPE", "Failed to deserialize json to type Server: %v", err)
	}
	srv := s.findServer(c.server)
	name := c.server
	if srv != nil {
		name = srv.name()
	}
	if e := d.check(name); e != nil {
		return s.fail(*e)
	}
	product := Replicate
	if d.Type == "AemComposeServer" {
		product = Compose
	}
	if srv != nil && srv.static.Product != product {
		return s.failed("AEM_INVALID_SERVER_TYPE", "Server type %s for server %q is not valid.", d.Type, name)
	}
	for _, other := range s.servers {
		if other != srv && strings.EqualFold(other.static.Host, d.Host) && other.static.Port == d.port {
			return s.failed("AEM_HOST_PORT_ALREADY_EXIST", "Host %s and port %s are already in use by another server.", d.Host, d.port)
		}
	}
	if strings.HasPrefix(d.Password, "{S:") {
		if srv == nil || !s.auth.isSecret(c.request.Header.Get(SessionHeader), d.Password, name) {
			return s.failed("AEM_PUT_SERVER_INNER_ERR", "Failed to put server %q. Error: %q.", name, "The password belongs to another session.")
		}
		d.Password = srv.password
	}
	if srv == nil {
		srv = s.builder.newServer(product, 0, d.Name, d.Host)
		s.servers = append(s.servers, srv)
	}
	srv.define(d, s.Now())
	return s.void()
}

// define gives a server the properties of a definition.
func (s *server) define(d *serverDef, now time.Time) {
	v := &s.static
	v.Description, v.Host, v.Port, v.User = d.Description, d.Host, d.port, d.Username
	s.password, s.unverified = d.Password, !d.verify
	switch {
	case d.monitored:
		s.unwatched = nil
		if v.State == NotMonitored {
			v.State = Monitored
			setDefault(&v.Version, newVersion)
		}
	case s.unwatched == nil:
		s.unwatched = &spell{window: window{begin: now.Sub(s.start)}, state: NotMonitored, message: "The server is not monitored"}
	}
}

// newVersion is that of a server that nothing is known of.
const newVersion = "2024.5.0.357"

func (s *Simulator) getServer(c *call) answer {
	srv := s.findServer(c.server)
	if srv == nil {
		return s.failed("AEM_SERVER_NOT_FOUND", "The requested server %s could not be found.", c.server)
	}
	v := srv.row(s.Now())
	w := s.writer()
	w.open()
	w.str("$type", "Aem"+v.kind()+"Server")
	w.str("name", v.Name)
	w.str("description", v.Description)
	w.str("host", v.Host)
	w.str("port", v.Port)
	w.str("username", v.User)
	w.str("password", s.auth.secret(c.request.Header.Get(SessionHeader), srv.name()))
	w.boolean("verify_server_certificate", !srv.unverified)
	w.boolean("monitored", v.State != NotMonitored)
	w.close()
	return answer{status: http.StatusOK, body: w.b}
}

func (s *Simulator) deleteServer(c *call) answer {
	srv := s.findServer(c.server)
	if srv == nil {
		return s.failed("AEM_SERVER_NOT_FOUND", "Requested server %q could not be found.", c.server)
	}
	s.servers = slices.DeleteFunc(s.servers, func(x *server) bool { return x == srv })
	return s.void()
}

// licenseText is what a licence says, as lines of key=value or as JSON.
func licenseText(body []byte) map[string]string {
	text := strings.TrimSpace(strings.TrimPrefix(string(body), "\ufeff"))
	found := make(map[string]string)
	if strings.HasPrefix(text, "{") {
		var members map[string]any
		if decodeJSON([]byte(text), &members) != nil {
			return nil
		}
		for k, v := range members {
			if x, ok := v.(string); ok {
				found[k] = x
			}
		}
		return found
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		if !ok {
			return nil
		}
		found[strings.TrimSpace(k)] = strings.TrimSpace(v)
	}
	return found
}

func (s *Simulator) putLicense(c *call) answer {
	srv, e := s.replicateServer(c)
	if e != nil {
		return s.fail(*e)
	}
	said := licenseText(c.body)
	issued, badIssue := time.Parse(time.DateOnly, said["issue_date"])
	var expires time.Time
	var badEnd error
	if said["expiration_date"] != "" {
		expires, badEnd = time.Parse(time.DateOnly, said["expiration_date"])
	}
	if badIssue != nil || badEnd != nil || said["license_type"] == "" || said["checksum"] == "" {
		return s.failed("AEM_SRV_LIC_INVALID_FORMAT", "The license file format is corrupt.")
	}
	if !expires.IsZero() && expires.Before(issued) {
		return s.failed("AEM_PUT_SRV_LIC_INNER_ERR", "Failed to put license for server %q. Error: %q", srv.name(), "The license ends before it is issued.")
	}
	srv.license = nil
	srv.static.License = License{State: LicenseValid, Issued: issued, Expires: expires}
	return s.void()
}
