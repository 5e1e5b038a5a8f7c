package aemtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzBodies sends any body to every method that takes one: each answers with
// success or with an error of the API, and the truth can still be told.
func FuzzBodies(f *testing.F) {
	s := requestWorld(f, RealWorld)
	c := as(f, s, Admin)
	all := requests(f)
	for _, r := range all {
		f.Add(r.body)
	}
	f.Add(`{"disable_inheritance":true,"admin_role":{"users":[{"name":"D\\a"}],"groups":null},"none_role":{}}`)
	f.Add("\ufeff// x\r\n{}")
	f.Add(`{"cdcposition":"x"}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, r := range all {
			if r.verb == http.MethodGet || r.verb == http.MethodDelete {
				continue
			}
			in := httptest.NewRequest(r.verb, Path+"/api/v1/"+r.path, strings.NewReader(body))
			in.Header.Set(SessionHeader, c.session)
			in.Header.Set("Content-Length", "1")
			out := httptest.NewRecorder()
			s.ServeHTTP(out, in)
			var e struct {
				Code string `json:"error_code"`
			}
			if out.Code != http.StatusOK && (json.Unmarshal(out.Body.Bytes(), &e) != nil || e.Code == "") {
				t.Errorf("%s with %q: HTTP %d %s", r.operation, body, out.Code, out.Body)
			}
		}
		if s.State().Server("S") == nil {
			t.Error("the server is gone")
		}
	})
}
