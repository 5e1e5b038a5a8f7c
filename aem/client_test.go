package aem

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
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

// Whatever goes wrong, and however it is printed, no secret is shown, although the
// server sends back all it knows.
func TestSecretsAreNeverShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		login := Login{User: testUser, Secret: NewPassword(testPassword)}
		id := "SessionCanary_-wCo0"
		secrets := []string{testPassword, "canary", login.basic(), base64.URLEncoding.EncodeToString([]byte(testPassword)),
			id, "SessionCanary"}
		echo := fmt.Sprintf("you sent %s, %s and %s", testPassword, login.basic(), id)
		body, _ := json.Marshal(map[string]string{"error_code": "AEM_X", "error_message": echo})
		inCode, _ := json.Marshal(map[string]string{"error_code": testPassword, "error_message": echo})

		var out logbook
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		client := newClient(t, testURL, WithLogger(slog.New(slog.NewJSONHandler(&out,
			&slog.HandlerOptions{Level: slog.LevelDebug}))))
		show := func(v any) {
			fmt.Fprintf(&out, "%v|%+v|%#v|%s|%q\n", v, v, v, v, v)
			logger.Error("failed", "v", v)
			_ = json.NewEncoder(&out).Encode(v)
		}
		responses := []func() (*http.Response, error){
			func() (*http.Response, error) { return answer(500, string(body)), nil },
			func() (*http.Response, error) { return answer(200, string(body)), nil },
			func() (*http.Response, error) { return answer(500, string(inCode)), nil },
			func() (*http.Response, error) { return answer(401, string(body)), nil },
			func() (*http.Response, error) { return answer(401, echo), nil },
			func() (*http.Response, error) { return answer(440, echo), nil },
			func() (*http.Response, error) { return answer(404, echo), nil },
			func() (*http.Response, error) { return answer(200, "<html>"+echo), nil },
			func() (*http.Response, error) { return answer(200, `{"serverList":"`+echo+`"}`), nil },
			func() (*http.Response, error) { return answer(200, `{"serverList":[{"name":"`+echo), nil },
			func() (*http.Response, error) {
				return answer(302, "", "Location", "https://"+id+".canary@h/"+echo), nil
			},
			func() (*http.Response, error) { return nil, errors.New("malformed HTTP response " + echo) },
			func() (*http.Response, error) { return nil, errors.New("connection broken: " + echo) },
			func() (*http.Response, error) { return nil, fmt.Errorf("wrapped: %w", errors.New(echo)) },
		}
		for _, atLogin := range []bool{false, true} {
			for _, response := range responses {
				client.core.sender.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
					if isLogin(r) == atLogin {
						return response()
					}
					return signedIn(id), nil
				})
				if atLogin {
					_ = client.Logout(t.Context())
				}
				time.Sleep(2 * time.Hour) // beyond every pause
				_, err := client.Servers.List(t.Context())
				if err == nil {
					t.Fatal("no error")
				}
				for ; err != nil; err = errors.Unwrap(err) {
					show(err)
				}
			}
		}
		client.core.sender.client.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
			return signedIn(id),
				nil
		})
		time.Sleep(24 * time.Hour)
		must(t, client.Login(t.Context()))
		show(client)
		show(*client)
		show(client.Tasks)
		show(login)
		show(ActiveDirectory(testUser, "", testPassword))
		for _, secret := range secrets {
			for line := range strings.Lines(out.String()) {
				if strings.Contains(line, secret) {
					t.Errorf("%q is shown in %s", secret, line)
				}
			}
		}
		if !strings.Contains(out.String(), "you sent <secret>") {
			t.Error("the server's messages are not shown at all")
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
