package generate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// place is where something is looked at: in the console, in the API, in a log.
type place struct{ console, call, log string }

var places = map[string]place{
	"exporter": {"", "servers", "the exporter's own: `journalctl -u qem_exporter`, `kubectl logs`"},
	"manager": {
		"the sign-in page itself, then *Servers*", "servers",
		"the exporter's own, then Enterprise Manager's: `data\\logs\\EnterpriseManager.log` in its folder",
	},
	"server": {
		"*Servers*, the server's row; *Monitor* and *Messages* of it", "servers/<server>",
		"Enterprise Manager's `data\\logs\\EnterpriseManager.log`, then the server's `data/logs/repsrv.log`",
	},
	"source": {"*Tasks*, filtered by the source", "servers",
		"the task's, `data/logs/reptask_<task>.log` on its server: lines of SOURCE_CAPTURE"},
	"target": {"*Tasks*, filtered by the target", "servers",
		"the task's, `data/logs/reptask_<task>.log` on its server: lines of TARGET_APPLY"},
	"task": {
		"*Tasks*, the task, *Open*: *Monitor*; its messages and log from there", "servers/<server>/tasks/<task>",
		"the task's, `data/logs/reptask_<task>.log` on its server (*View Logs* in the console)",
	},
}

const login = "```sh\n" + `QEM=https://<host>/attunityenterprisemanager/api/v1   # curl asks for the password
SESSION=$(curl -sS -u '<DOMAIN\user>' -D - -o /dev/null "$QEM/login" | tr -d '\r' |
  sed -n 's/^EnterpriseManager.APISessionID: //Ip')
curl -sS -H "EnterpriseManager.APISessionID: $SESSION" "$QEM/%s"
` + "```\n"

const action = "```sh\n" +
	`curl -sS -X POST -H "EnterpriseManager.APISessionID: $SESSION" -H 'Content-Length: 0' "$QEM/%s"
` + "```\n"

// commands are what qemctl has for a call, by what the call ends in; the first one counts.
var commands = []struct{ call, command string }{
	{"endpoints/<endpoint_name>?action=test&timeout=60", `endpoints test "<server>" "<endpoint_name>"`},
	{"/endpoints", `endpoints list "<server>"`},
	{"?action=run&option=RESUME_PROCESSING&timeout=60", `tasks run "<server>" "<task>"`},
	{"?action=stop&timeout=60", `tasks stop "<server>" "<task>"`},
	{"?action=getstatus&includeerror=true", `tables "<server>" "<task>" --error`},
	{"?action=getstatus&includeloading=true&includequeued=true", `tables "<server>" "<task>"`},
	{"/tasks", `tasks list "<server>"`},
	{"/tasks/<task>", `tasks list "<server>"`},
	{"servers", "servers"},
	{"servers/<server>", "servers"},
}

// command is what qemctl has for a call, "" if nothing.
func command(call string) string {
	for _, c := range commands {
		if strings.HasSuffix(call, c.call) {
			return "`qemctl " + c.command + "`"
		}
	}
	return ""
}

// Ask is the part of a runbook that is the same for all: where to look, what to paste, when to wait.
func (r Rule) Ask() string {
	at := places[r.About]
	if r.Call != "" {
		at.call = r.Call
	}
	var b strings.Builder
	b.WriteString("## Where\n\n")
	if at.console != "" {
		fmt.Fprintf(&b, "- Console: %s.\n", at.console)
	}
	fmt.Fprintf(&b, "- Log: %s.\n- API, each name percent-encoded (a blank is `%%20`):\n\n%s\n", at.log,
		fmt.Sprintf(login, at.call))
	if told := command(at.call); told != "" {
		fmt.Fprintf(&b, "Or with [qemctl](../qemctl.md): %s.\n\n", told)
	}
	if r.Act != "" {
		fmt.Fprintf(&b, "To act, with the same session (a role that may):\n\n%s\n", fmt.Sprintf(action, r.Act))
		if told := command(r.Act); told != "" {
			fmt.Fprintf(&b, "Or: %s.\n\n", told)
		}
	}
	fmt.Fprintf(&b, "## When to wait\n\n%s\n", strings.TrimSpace(r.Wait))
	return b.String()
}

var asked = regexp.MustCompile(`(?s)## Where\n.*?\n## When to wait\n\n[^\n]*\n`)

// Runbook puts the part that is the same for all into a page: in place of the one there, or at the end.
func (r Rule) Runbook(page string) string {
	if asked.MatchString(page) {
		return asked.ReplaceAllLiteralString(page, r.Ask())
	}
	const end = "\n[All runbooks](README.md)"
	return strings.Replace(page, end, "\n"+r.Ask()+end, 1)
}

// Alerts are those of the source, each name once.
func (s *Source) Alerts() []Rule {
	var all []Rule
	for _, g := range s.Groups {
		for _, r := range g.Rules {
			if r.Alert != "" && !slices.ContainsFunc(all, func(x Rule) bool { return x.Alert == r.Alert }) {
				all = append(all, r)
			}
		}
	}
	return all
}

// Index puts the tables of alerts and thresholds into the index of the runbooks.
func (s *Source) Index(page string) (string, error) {
	limits, err := s.Limits()
	if err != nil {
		return "", err
	}
	var alerts, thresholds strings.Builder
	alerts.WriteString("| alert | severity | labels | summary |\n|---|---|---|---|\n")
	for _, g := range s.Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			for _, t := range r.told() {
				fmt.Fprintf(&alerts, "| [%s](%[1]s.md) | %s | %s | %s |\n", r.Alert, t.severity, strings.Join(r.allLabels(),
					", "), r.Title)
			}
		}
	}
	thresholds.WriteString("| threshold | value | meaning |\n|---|---|---|\n")
	for _, t := range limits {
		fmt.Fprintf(&thresholds, "| `%s` | %s | %s |\n", t.Name, t.Value, t.Meaning)
	}
	for first, table := range map[string]string{"alert": alerts.String(), "threshold": thresholds.String()} {
		old := regexp.MustCompile(`(?m)^\| ` + first + ` \|.*\n(?:\|.*\n)+`)
		page = old.ReplaceAllLiteralString(page, table)
	}
	return page, nil
}

// allLabels are those of an alert besides its severity.
func (r Rule) allLabels() []string {
	labels := slices.Clone(about[subjects[r.About].key])
	switch {
	case r.Alert == "QemExporterDown" || r.Alert == "QemConfigReloadFailed":
		labels = []string{"job", "instance"}
	case subjects[r.About].key == "" && r.About != "exporter":
		labels = []string{"manager", r.About, "team"}
	}
	if r.Plus != "" {
		labels = append(labels, r.Plus)
	}
	if r.About == "task" && (r.Join == nil || *r.Join) {
		labels = append(labels, "team", "source", "target")
	}
	return labels
}
