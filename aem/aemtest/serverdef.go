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

// wrong is the code of what is wrong with a definition of the server that the URL names.
func (d *serverMessage) wrong(server string) string {
	port, err := strconv.Atoi(d.Port)
	switch {
	case d.Class != "AemReplicateServer" && d.Class != "AemComposeServer":
		return "AEM_INVALID_SERVER_TYPE"
	case d.Name != server:
		return "AEM_NAME_URL_MISMATCH"
	case !plain(d.Name):
		return "AEM_INVALID_NAME"
	case utf8.RuneCountInString(d.Description) > 250:
		return "AEM_INVALID_DESC"
	case d.Host == "":
		return "AEM_EMPTY_HOST"
	case !plain(d.Host):
		return "AEM_INVALID_HOST"
	case d.Port == "":
		return "AEM_EMPTY_PORT"
	case err != nil || port < 1 || port > 65535:
		return "AEM_INVALID_PORT"
	case d.Username == "":
		return "AEM_EMPTY_USERNAME"
	case utf8.RuneCountInString(d.Username) > 104 || strings.ContainsAny(d.Username, `/[]:;|=+*?<>"`):
		return "AEM_INVALID_USERNAME"
	case d.Secret == "":
		return "AEM_EMPTY_PASSWORD"
	}
	return ""
}

func (c *call) putServer() error {
	d := &serverMessage{}
	if err := decoded(c, serverMessageTable, d, "Server"); err != nil {
		return err
	}
	srv, name := find(c.servers, c.server), c.server
	if srv != nil {
		name = srv.name()
	}
	if code := d.wrong(name); code != "" {
		return c.failed(code, "{type}", d.Class)
	}
	product := aem.Replicate
	if d.Class == "AemComposeServer" {
		product = aem.Compose
	}
	if srv != nil && srv.static.Product != product {
		return c.failed("AEM_INVALID_SERVER_TYPE", "{type}", d.Class)
	}
	for _, other := range c.servers {
		if other != srv && strings.EqualFold(other.static.Host, d.Host) && other.static.Port == d.Port {
			return c.failed("AEM_HOST_PORT_ALREADY_EXIST", "{host}", d.Host, "{port}", d.Port)
		}
	}
	if strings.HasPrefix(d.Secret, "{S:") {
		if srv == nil || !c.auth.isSecret(c.request.Header.Get(SessionHeader), d.Secret, name) {
			return c.failed("AEM_PUT_SERVER_INNER_ERR")
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
	v.Description, v.Host, v.Port, v.Username = d.Description, d.Host, d.Port, d.Username
	s.password, s.unverified = d.Secret, d.VerifyCertificate == aem.BoolOf(false)
	switch {
	case d.Monitored != aem.BoolOf(false):
		s.unwatched = spell{}
		if v.State == aem.ServerNotMonitored {
			v.State = aem.ServerMonitored
			setDefault(&v.Version, newVersion)
		}
	case s.unwatched == spell{}:
		s.unwatched = spell{window{begin: now.Sub(s.start), lasts: never}, aem.ServerNotMonitored,
			"The server is not monitored"}
	}
}

// newVersion is that of a server that nothing is known of.
const newVersion = "2024.5.0.357"

func (c *call) getServer() error {
	srv := find(c.servers, c.server)
	if srv == nil {
		return c.failed("AEM_SERVER_NOT_FOUND")
	}
	v := srv.row(c.Now())
	return said(c, serverMessageTable, &serverMessage{
		Class: "Aem" + v.kind() + "Server",
		ServerDefinition: aem.ServerDefinition{
			Name: v.Name, Description: v.Description, Host: v.Host, Port: v.Port, Username: v.Username,
			VerifyCertificate: aem.BoolOf(!srv.unverified), Monitored: aem.BoolOf(v.State != aem.ServerNotMonitored),
		},
		Secret: c.auth.secret(c.request.Header.Get(SessionHeader), srv.name()),
	})
}

func (c *call) deleteServer() error {
	srv := find(c.servers, c.server)
	if srv == nil {
		return c.failed("AEM_SERVER_NOT_FOUND")
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
		return c.failed("AEM_SRV_LIC_INVALID_FORMAT")
	}
	if !expires.IsZero() && expires.Before(issued) {
		return c.failed("AEM_PUT_SRV_LIC_INNER_ERR")
	}
	c.srv.ending = window{}
	c.srv.static.License = aem.License{State: aem.LicenseValid, Issued: issued, Expires: expires}
	return nil
}
