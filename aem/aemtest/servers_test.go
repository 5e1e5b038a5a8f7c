package aemtest

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestSecretOfAServer reads, modifies and writes: what stands for the password is good within one
// session, for one server.
func TestSecretOfAServer(t *testing.T) {
	s, _ := world(t, Options{})
	c := as(t, s, Admin)
	c.must("PUT", "servers/new-1/def", `{"$type":"AemReplicateServer","name":"new-1","host":"new.example.net","port":"443",
		"username":"u","password":"p"}`)
	var def map[string]any
	c.json("servers/new-1/def", &def)
	def["description"] = "changed"
	b, err := json.Marshal(def)
	ok(t, err)
	body := string(b)
	if password, _ := def["password"].(string); !strings.HasPrefix(password, "{S:") || len(password) != 40 {
		t.Errorf("the definition is %v", def)
	}
	as(t, s, Admin).refuses("AEM_PUT_SERVER_INNER_ERR", "PUT", "servers/new-1/def", body)
	c.refuses("AEM_PUT_SERVER_INNER_ERR", "PUT", "servers/S/def",
		strings.NewReplacer("new-1", "S", "new.example.net", "s2").Replace(body))
	c.must("PUT", "servers/new-1/def", body)
	if v := s.State().Server("new-1"); v.Description != "changed" || !v.VerifyCertificate {
		t.Errorf("the server is %+v", v)
	}
}
