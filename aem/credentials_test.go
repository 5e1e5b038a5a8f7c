package aem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

func TestCredentials(t *testing.T) {
	for name, tc := range map[string]struct {
		credentials CredentialsFunc
		user        string
		secret      string
	}{
		"domain":       {ActiveDirectory("joe", "CORP", "pw"), `CORP\joe`, "pw"},
		"user at host": {ActiveDirectory("joe@corp.example", "", "pw"), "joe@corp.example", "pw"},
		"token":        {APIToken("abc"), "api-token", "abc"},
		"jwt":          {JWT("a.b.c"), "jwt", "a.b.c"},
	} {
		t.Run(name, func(t *testing.T) {
			login, err := tc.credentials(context.Background())
			if err != nil || login.User != tc.user || login.secret() != tc.secret {
				t.Errorf("got %q %q, %v", login.User, login.Secret, err)
			}
		})
	}
}

// printed is a value in all the ways in which programs print and save it.
func printed(v any) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%v|%+v|%#v|%s|%q|%x|%d\n", v, v, v, v, v, v, v)
	quietLogger(&out).Info("shown", "v", v)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("shown", "v", v)
	_ = json.NewEncoder(&out).Encode(v)
	return out.String()
}

// However a client and what it holds are printed, no secret is shown; what is shown of answers,
// canary_test.go has.
func TestSecretsAreNotPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const id, standIn, canary = "SessionCanary_-wCo0", "{S:canary-98bdfd05}", "canary-pw"
		login := Login{User: testUser, Secret: NewPassword(testPassword)}
		d := &door{valid: map[string]bool{id: true},
			login: func(*http.Request) (*http.Response, error) { return signedIn(id), nil }}
		var log logbook
		client := newClient(t, testURL, WithTransport(d), WithLogger(textLogger(&log)))
		d.answer = func(r *http.Request) *http.Response {
			if r.Method == http.MethodGet {
				return answer(200, `{"name":"n","host":"h","port":"1","username":"u","password":"`+standIn+`"}`)
			}
			return answer(500, `{"error_code":"AEM_X_ERR","error_message":"bad value `+canary+`"}`)
		}
		definition, err := client.Servers.Definition(t.Context(), "n")
		must(t, err)
		changed := *definition
		changed.Product, changed.Password = Replicate, NewPassword(canary)
		setting := SetSetting("/db_settings/password", changed.Password)
		refused := errors.Join(client.Servers.Put(t.Context(), changed),
			client.Endpoints.Patch(t.Context(), EndpointRef{"n", "e"}, Patch{setting}))
		if strings.Count(refused.Error(), "bad value <secret>") != 2 {
			t.Errorf("the server's message is not shown: %v", refused)
		}
		for _, v := range []any{client, *client, client.Tasks, login, &login, struct{ inner Login }{login},
			ActiveDirectory(testUser, "", testPassword), definition, *definition, definition.Password,
			changed, &changed.Password,
			struct{ inner ServerDefinition }{*definition}, struct{ inner Password }{changed.Password}, setting, refused} {
			text := printed(v) + log.String()
			for _, secret := range []string{"canary", fmt.Sprintf("%x", "canary"), login.basic(), "SessionCanary", "98bdfd05"} {
				if strings.Contains(text, secret) {
					t.Errorf("%q is shown in %s", secret, text)
				}
			}
		}
		if !strings.Contains(printed(login), "monitor") {
			t.Errorf("the user is not shown: %s", printed(login))
		}
		if NewPassword("").IsSet() || !changed.Password.IsSet() || fmt.Sprint(Password{}) != "" {
			t.Error("an empty password is one")
		}
	})
}

func TestScrubber(t *testing.T) {
	s := &scrubber{}
	s.add("tc", "se&cret longer", "C2U6Y3JldA==")
	s.keep("g:äß\\z\"0<")
	for text, want := range map[string]string{
		"no harm done":                "no harm done",
		"a se&cret longer b":          "a <secret> b",
		"se&amp;cret longer":          "<secret>",
		"se%26cret%20longer":          "<secret>",
		"x c2U6Y3JldA== y":            "x <secret> y",
		"tcp and SE&CRET LONGER":      "tcp and <secret>",
		"c2UmY3JldCBsb25nZXI=":        "<secret>=",
		`"g:äß\\z\"0<"`:               `"<secret>"`,
		"g:\xe4\xdf\\z\"0<":           "<secret>",
		"673ac3a4c39f5c7a22303C":      "<secret>",
		"g%3a%c3%a4%c3%9f%5cz%220%3c": "<secret>",
		"two\r\nlines\tand\x00nul":    "two lines and nul",
		"bad \xff utf-8":              "bad \uFFFD utf-8",
	} {
		if got := s.clean(text, 100); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	// Nor is half of one shown where a very long text is cut.
	if got := s.clean(
		strings.Repeat(" ", maxCleaned-5)+"se&cret longer"+strings.Repeat("x", 1<<20),
		100,
	); strings.Contains(got, "se") {
		t.Errorf("half a secret is left: %q", got)
	}
	// A secret at the edge is gone before the text is cut.
	if got := s.clean(strings.Repeat("x", 95)+"se&cret longer", 100); strings.Contains(got, "se&") {
		t.Errorf("half a secret is left: %q", got)
	}
	if got := []rune(s.clean(strings.Repeat("ä", 500), 300)); len(got) != 300 {
		t.Errorf("cut to %d characters", len(got))
	}
	// The current login stays known, however many sessions come and go.
	for i := range 10 * maxSecrets {
		s.add("se&cret longer", fmt.Sprintf("session-%d", i))
		s.addCookie(fmt.Sprintf("cookie-%d", i))
	}
	if got := s.clean("se&cret longer G:ÄSS"+`g:äß\z"0<`, 100); got != "<secret> G:ÄSS<secret>" ||
		len(s.texts()) > 13*(2*maxSecrets+maxCookies) {
		t.Errorf("got %q with %d texts", got, len(s.known))
	}
}
