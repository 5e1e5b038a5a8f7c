package app

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
	"github.com/qem-exporter/qem_exporter/internal/testkit/process"
)

// TestSecretsStayInside looks for the password in everything that an exporter writes and serves,
// while Enterprise Manager repeats it. (Package aem's tests know many more ways to repeat.)
func TestSecretsStayInside(t *testing.T) {
	const password = "canary-pässword+9Ue2/xQ9="
	account := aemtest.DefaultAccount()
	account.Password = password
	for way, fault := range map[string]aemtest.Fault{
		"login":  {Operation: "Login", Kind: aemtest.FaultAPIError, Message: password},
		"server": {Operation: "GetServerDetails", Kind: aemtest.FaultAPIError, Message: password},
		"list":   {Operation: "GetServerList", Kind: aemtest.FaultAPIError, Status: 200, Code: password},
		"value": {Operation: "GetTaskDetails", Kind: aemtest.FaultBody,
			Body: `{"memory_mb":"` + password + `","message":"` + password + `"}`},
	} {
		t.Run(way, func(t *testing.T) {
			bubble(t, func(b *bench) {
				sim := b.simulatedOf(aemtest.Options{Seed: 1, Servers: 1, ComposeServers: -1, TasksPerServer: 1,
					Users: []aemtest.User{account}})
				repeated := sim.AddFault(fault)
				out := &process.Output{}
				o := testOptions(configFile(b, strings.Replace(entry("prod", sim.URL), aemtest.DefaultPassword, password, 1)))
				o.EnablePprof = true
				o.Logger = slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
				metrics, problems, _ := b.scrape(o)
				texts := map[string]string{"a scrape": metrics + problems}
				d := b.start(o)
				time.Sleep(3 * time.Minute)
				for _, page := range []string{"/", "/metrics", "/config", "/api/v1/status", "/api/v1/events", "/-/ready",
					"/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2"} {
					_, texts[page] = d.get(page)
				}
				texts["the log"] = out.String()
				for where, text := range texts {
					if at := strings.Index(text, password); at >= 0 {
						t.Errorf("%s gives it away: %s", where, text[max(0, at-200):min(len(text), at+100)])
					}
				}
				if repeated.Hits() == 0 || !strings.Contains(out.String(), "<secret>") {
					t.Errorf("nothing was repeated, or left a trace:\n%s", out)
				}
			})
		})
	}
}
