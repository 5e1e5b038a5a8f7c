package aem

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestBaseURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://h":  "https://h/attunityenterprisemanager/api/v1",
		"https://h/": "https://h/attunityenterprisemanager/api/v1",
		"https://h:8443/attunityenterprisemanager":    "https://h:8443/attunityenterprisemanager/api/v1",
		"https://h/attunityenterprisemanager//":       "https://h/attunityenterprisemanager/api/v1",
		"https://h/attunityenterprisemanager/api/v1":  "https://h/attunityenterprisemanager/api/v1",
		"https://h/attunityenterprisemanager/api/v1/": "https://h/attunityenterprisemanager/api/v1",
		"https://h/api/v1":                            "https://h/attunityenterprisemanager/api/v1",
		"http://[::1]:80/gate%2Fway/a%20b":            "http://[::1]:80/gate%2Fway/a%20b/api/v1",
		"https://h//other":                            "https://h//other/api/v1",
		"HTTPS://h/../x":                              "https://h/../x/api/v1",
		"":                                            "",
		"h":                                           "",
		"h:443":                                       "",
		"ftp://h":                                     "",
		"https:///path":                               "",
		"https://joe:canary@h":                        "",
		"https://joe@h":                               "",
		"https://joe:can#ary@h":                       "",
		"https://joe:can ary@h":                       "",
		"https://h?x=canary":                          "",
		"https://h?":                                  "",
		"https://h#canary":                            "",
		"https://h/%zz":                               "",
		"https://h:canary":                            "",
	} {
		u, err := parseBaseURL(text)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is taken for %v", text, u)
		case want == "" && strings.Contains(err.Error(), "can"):
			t.Errorf("%q: the error repeats it: %v", text, err)
		case want != "" && (err != nil || u.String() != want):
			t.Errorf("%q: got %v, %v; want %s", text, u, err, want)
		}
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	good := APIToken("x")
	for name, tc := range map[string]struct {
		credentials CredentialsFunc
		option      Option
	}{
		"no credentials":   {nil, WithTimeout(1)},
		"no timeout":       {good, WithTimeout(0)},
		"negative retries": {good, WithRetries(-1)},
		"endless retries":  {good, WithRetries(101)},
		"no bytes":         {good, WithMaxResponseBytes(0)},
		"negative rate":    {good, WithRateLimit(-1)},
		"rate not number":  {good, WithRateLimit(math.NaN())},
	} {
		if _, err := New(testURL, tc.credentials, tc.option); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	nothing := []Option{WithTransport(nil), WithObserver(nil), WithLogger(nil), WithLoginGuard(nil), WithLargeBodies(nil)}
	if _, err := New(testURL, good, nothing...); err != nil {
		t.Error(err)
	}
}

func TestTraceOfACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{expired: bareAnswer(440)}
		client := newClient(t, testURL, WithTransport(d))
		var traced []string
		ctx := WithAttemptTrace(t.Context(), func(operation string, _ time.Time, err error) {
			traced = append(traced, fmt.Sprint(operation, " ", err == nil))
		})
		must(t, noResult(client.Servers.List(ctx)))
		d.expire()
		must(t, noResult(client.Servers.List(ctx)))
		if got := strings.Join(traced, ", "); got != "GetServerList true, GetServerList false, GetServerList true" {
			t.Errorf("traced %s", got)
		}
	})
}
