package aem

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
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

// However a client is printed, no secret is shown; what is shown of answers, canary_test.go
// has.
func TestAClientShowsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const id = "SessionCanary_-wCo0"
		login := Login{User: testUser, Secret: NewPassword(testPassword)}
		var out logbook
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		client := newClient(t, testURL, WithLogger(logger), WithTransport(roundTrip(
			func(*http.Request) (*http.Response, error) { return signedIn(id), nil })))
		must(t, client.Login(t.Context()))
		for _, v := range []any{client, *client, client.Tasks, login, ActiveDirectory(testUser, "", testPassword)} {
			fmt.Fprintf(&out, "%v|%+v|%#v|%s|%q\n", v, v, v, v, v)
			logger.Error("failed", "v", v)
			_ = json.NewEncoder(&out).Encode(v)
		}
		for _, secret := range []string{testPassword, "canary", login.basic(), id, "SessionCanary"} {
			for line := range strings.Lines(out.String()) {
				if strings.Contains(line, secret) {
					t.Errorf("%q is shown in %s", secret, line)
				}
			}
		}
	})
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

func ExampleNew() {
	client, err := New("https://qem.example.com", APIToken("token"), WithTimeout(5*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(client.Close(context.Background()))
	// Output: <nil>
}
