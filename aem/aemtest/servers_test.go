package aemtest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

func TestPutAndGetServer(t *testing.T) {
	s, _ := world(t, Options{})
	c := as(t, s, Admin)
	c.must("PUT", "servers/new-1/def", strings.Replace(someServer, `"port"`,
		`"description":"d","verify_server_certificate":false,"port"`, 1))
	v := s.State().Server("new-1")
	if v == nil || v.State != aem.ServerMonitored || v.Host != "new.example.net" || v.Username != "u" ||
		v.Description != "d" ||
		v.VerifyCertificate || v.Product != aem.Replicate {
		t.Fatalf("a new server: %+v", v)
	}
	c.must("PUT", "servers/cmp/def", strings.NewReplacer("new-1", "cmp", "AemReplicateServer", "AemComposeServer",
		`"443"`, "444").Replace(someServer))
	if v := s.State().Server("cmp"); v.Product != aem.Compose || v.Port != "444" {
		t.Errorf("a new Compose server: %+v", v)
	}

	// read, modify, write; the password stays what it is within one session
	var def map[string]any
	read := func() string {
		t.Helper()
		c.json("servers/new-1/def", &def)
		def["monitored"], def["description"] = false, "changed"
		b, err := json.Marshal(def)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	body := read()
	password, _ := def["password"].(string)
	if !strings.HasPrefix(password, "{S:") || len(password) != 40 || def["$type"] != "AemReplicateServer" {
		t.Errorf("the definition is %v", def)
	}
	as(t, s, Admin).refuses("AEM_PUT_SERVER_INNER_ERR", "PUT", "servers/new-1/def", body)
	c.refuses("AEM_PUT_SERVER_INNER_ERR", "PUT", "servers/S/def",
		strings.NewReplacer("new-1", "S", "new.example.net", "s2").Replace(body))
	c.must("PUT", "servers/new-1/def", body)
	if v := s.State().Server("new-1"); v.State != aem.ServerNotMonitored || v.Description != "changed" {
		t.Errorf("the server that is not to be monitored: %+v", v)
	}
	c.refuses("AEM_SERVER_NOT_MONITORED", "GET", "servers/new-1/tasks", "")
	if c.json("servers/new-1/def", &def); def["monitored"] != false {
		t.Errorf("the definition says of a server that is not monitored: %v", def)
	}
	def["monitored"] = true
	b, _ := json.Marshal(def)
	c.must("PUT", "servers/new-1/def", string(b))
	if s.State().Server("new-1").State != aem.ServerMonitored {
		t.Error("the server is not monitored again")
	}
}

func TestDeleteServer(t *testing.T) {
	s, _ := world(t, Options{})
	c := as(t, s, Admin)
	c.must("DELETE", "servers/S/def", "")
	c.refuses("AEM_SERVER_NOT_FOUND", "DELETE", "servers/S/def", "")
	c.refuses("AEM_SERVER_NOT_FOUND", "GET", "servers/S", "")
	if len(s.State().Servers) != 0 {
		t.Error("the server is still there")
	}
}

func TestPutServerLicense(t *testing.T) {
	s, _ := world(t, Options{})
	c := as(t, s, Admin)
	for body, want := range map[string]aem.License{
		someLicense: {State: aem.LicenseValid, Issued: time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC),
			Expires: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), DaysToExpiration: aem.WholeOf(122)},
		`{"license_type":"x","issue_date":"2025-08-01","expiration_date":"","checksum":"C"}`: {State: aem.LicenseValid,
			Issued: time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC)},
	} {
		c.must("PUT", "servers/S/license/def", body)
		if got := s.State().Server("S").License; got != want {
			t.Errorf("the licence is %+v, want %+v", got, want)
		}
	}
}
