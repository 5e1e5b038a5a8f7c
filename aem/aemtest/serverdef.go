package aemtest

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// plain reports whether a name of a server or a host has no more than 64
// characters, all of them letters, digits, or one of " .-_".
func plain(name string) bool {
	return len(name) <= 64 && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .-_", r)
	})
}

const charactersOfNames = "cannot exceed 64 characters and can only contain the characters a-z, A-Z, 0-9, space, " +
	"dot, dash and underscore."

// check validates a definition of the server that the URL names.
func (d *serverMessage) check(server string) error {
	port, err := strconv.Atoi(d.Port)
	switch {
	case d.Class != "AemReplicateServer" && d.Class != "AemComposeServer":
		return failed("AEM_INVALID_SERVER_TYPE", "Server type %s for server %q is not valid.", d.Class, server)
	case d.Name != server:
		return failed("AEM_NAME_URL_MISMATCH",
			"The name of the server in the request does not match the one that is specified in the URL.")
	case !plain(d.Name):
		return failed("AEM_INVALID_NAME", "The name of the server is invalid. Server names "+charactersOfNames)
	case utf8.RuneCountInString(d.Description) > 250:
		return failed("AEM_INVALID_DESC", "The description is invalid. Descriptions cannot exceed 250 characters.")
	case d.Host == "":
		return failed("AEM_EMPTY_HOST", "The host is missing from the request.")
	case !plain(d.Host):
		return failed("AEM_INVALID_HOST", "The host is invalid. Hosts "+charactersOfNames)
	case d.Port == "":
		return failed("AEM_EMPTY_PORT", "The port is missing from the request.")
	case err != nil || port < 1 || port > 65535:
		return failed("AEM_INVALID_PORT", "The port is invalid.")
	case d.Username == "":
		return failed("AEM_EMPTY_USERNAME", "The username is missing from the request.")
	case utf8.RuneCountInString(d.Username) > 104 || strings.ContainsAny(d.Username, `/[]:;|=+*?<>"`):
		return failed("AEM_INVALID_USERNAME",
			"The user name is invalid. User names cannot exceed 104 characters and cannot contain the characters / [ ] : ; "+
				"| = + * ? < > \"")
	case d.Secret == "":
		return failed("AEM_EMPTY_PASSWORD", "The password is missing from the request.")
	}
	return nil
}

func (c *call) putServer() error {
	d := &serverMessage{}
	if _, err := serverMessageTable.Unmarshal(c.body, d); err != nil {
		return undecoded("Server", err)
	}
	srv, name := find(c.servers, c.server), c.server
	if srv != nil {
		name = srv.name()
	}
	if err := d.check(name); err != nil {
		return err
	}
	product := Replicate
	if d.Class == "AemComposeServer" {
		product = Compose
	}
	if srv != nil && srv.static.Product != product {
		return failed("AEM_INVALID_SERVER_TYPE", "Server type %s for server %q is not valid.", d.Class, name)
	}
	for _, other := range c.servers {
		if other != srv && strings.EqualFold(other.static.Host, d.Host) && other.static.Port == d.Port {
			return failed("AEM_HOST_PORT_ALREADY_EXIST", "Host %s and port %s are already in use by another server.", d.Host,
				d.Port)
		}
	}
	if strings.HasPrefix(d.Secret, "{S:") {
		if srv == nil || !c.auth.isSecret(c.request.Header.Get(SessionHeader), d.Secret, name) {
			return failed("AEM_PUT_SERVER_INNER_ERR", "Failed to put server %q. Error: %q.", name,
				"The password belongs to another session.")
		}
		d.Secret = srv.password
	}
	if srv == nil {
		srv = c.builder.newServer(product, 0, d.Name, d.Host)
		c.servers = append(c.servers, srv)
	}
	srv.define(d, c.Now())
	return nil
}

func (s *server) define(d *serverMessage, now time.Time) {
	v := &s.static
	v.Description, v.Host, v.Port, v.User = d.Description, d.Host, d.Port, d.Username
	s.password, s.unverified = d.Secret, d.VerifyCertificate == aem.BoolOf(false)
	switch {
	case d.Monitored != aem.BoolOf(false):
		s.unwatched = spell{}
		if v.State == NotMonitored {
			v.State = Monitored
			setDefault(&v.Version, newVersion)
		}
	case s.unwatched == spell{}:
		s.unwatched = spell{window{begin: now.Sub(s.start), lasts: never}, NotMonitored, "The server is not monitored"}
	}
}

// newVersion is that of a server that nothing is known of.
const newVersion = "2024.5.0.357"

func (c *call) getServer() error {
	srv := find(c.servers, c.server)
	if srv == nil {
		return failed("AEM_SERVER_NOT_FOUND", "The requested server %s could not be found.", c.server)
	}
	v := srv.row(c.Now())
	return said(c, serverMessageTable, &serverMessage{
		Class: "Aem" + v.kind() + "Server",
		ServerDefinition: aem.ServerDefinition{
			Name: v.Name, Description: v.Description, Host: v.Host, Port: v.Port, Username: v.User,
			VerifyCertificate: aem.BoolOf(!srv.unverified), Monitored: aem.BoolOf(v.State != NotMonitored),
		},
		Secret: c.auth.secret(c.request.Header.Get(SessionHeader), srv.name()),
	})
}

func (c *call) deleteServer() error {
	srv := find(c.servers, c.server)
	if srv == nil {
		return failed("AEM_SERVER_NOT_FOUND", "Requested server %q could not be found.", c.server)
	}
	c.servers = without(c.servers, srv)
	return nil
}

// licenseText is what a licence says, as lines of key=value or as JSON.
func licenseText(body []byte) map[string]string {
	text := strings.TrimSpace(strings.TrimPrefix(string(body), wire.ByteOrderMark))
	found := make(map[string]string)
	if strings.HasPrefix(text, "{") {
		var members map[string]any
		if decodeJSON([]byte(text), &members) != nil {
			return nil
		}
		for k, v := range members {
			found[k], _ = v.(string)
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

func (c *call) putLicense() error {
	said := licenseText(c.body)
	issued, badIssue := time.Parse(time.DateOnly, said["issue_date"])
	var expires time.Time
	var badEnd error
	if said["expiration_date"] != "" {
		expires, badEnd = time.Parse(time.DateOnly, said["expiration_date"])
	}
	if badIssue != nil || badEnd != nil || said["license_type"] == "" || said["checksum"] == "" {
		return failed("AEM_SRV_LIC_INVALID_FORMAT", "The license file format is corrupt.")
	}
	if !expires.IsZero() && expires.Before(issued) {
		return failed("AEM_PUT_SRV_LIC_INNER_ERR", "Failed to put license for server %q. Error: %q", c.srv.name(),
			"The license ends before it is issued.")
	}
	c.srv.ending = window{}
	c.srv.static.License = License{State: LicenseValid, Issued: issued, Expires: expires}
	return nil
}
