package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":   func() template.CSS { return template.CSS(pageStyle) },
	"seconds": seconds,
	"count":   count,
	"tasks":   taskCounts.words,
	"words":   managerView.words,
	"up":      serverView.words,
	"where":   problemView.where,
}).Parse(pageText))

// contentSecurityPolicy lets a page use its own style and nothing else: no
// script, no image, no frame, no form.
var contentSecurityPolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

func (h *handler) page(w http.ResponseWriter, _ *http.Request) {
	var body bytes.Buffer
	data := struct {
		statusView
		TelemetryPath string
		Uptime        float64
	}{statusView: view(h.Status(), h.Now()), TelemetryPath: h.TelemetryPath}
	data.Uptime = data.Now.Sub(data.Started).Seconds()
	if err := pageTemplate.Execute(&body, data); err != nil {
		h.Logger.Error("cannot render the status page", slog.Any("err", err))
		plain(w, http.StatusInternalServerError, "cannot render the status page\n")
		return
	}
	h.write(w, "text/html; charset=utf-8", body.Bytes())
}

func (h *handler) api(w http.ResponseWriter, _ *http.Request) {
	body, err := json.MarshalIndent(view(h.Status(), h.Now()), "", "  ")
	if err != nil {
		h.Logger.Error("cannot encode the status", slog.Any("err", err))
		plain(w, http.StatusInternalServerError, "cannot encode the status\n")
		return
	}
	h.write(w, "application/json", append(body, '\n'))
}

func (h *handler) write(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body)
}

// seconds is a duration in words short enough for a table.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return shorten(d.Round(time.Second))
	case d < 48*time.Hour:
		return shorten(d.Round(time.Minute))
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}

// shorten leaves out the units at the end that are zero.
func shorten(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// words tells how the last poll of a manager went.
func (m managerView) words() string {
	switch m.State {
	case stateWaiting:
		return "Its first poll has not ended yet."
	case stateDown:
		return "The last poll could not log in or read the server list: none of its servers and tasks have metrics."
	case stateExpired:
		return "The last poll is older than max_age: its servers and tasks are no longer served."
	case statePartial:
		return "The last poll could not read everything: " + count(m.ProblemCount, "problem") + "."
	}
	return "The last poll read everything."
}

// words tells whether a server could be read.
func (s serverView) words() string {
	switch {
	case s.Up == nil:
		return "not read"
	case *s.Up:
		return "up"
	}
	return "down"
}

// words lists the states that have tasks, the worst first.
func (c taskCounts) words() string {
	var parts []string
	for _, p := range []struct {
		n    int
		noun string
	}{{c.Error, "in error"}, {c.Recovering, "recovering"}, {c.Running, "running"}, {c.Stopped, "stopped"}, {c.Other, "in another state"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.noun))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// where names the server and task that a problem is about.
func (p problemView) where() string {
	switch {
	case p.Server == "":
		return "Enterprise Manager"
	case p.Task == "":
		return p.Server
	}
	return p.Server + " / " + p.Task
}
