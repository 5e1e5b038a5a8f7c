//go:build e2e

package alerts_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// told is what Alertmanager tells the receivers: a webhook for all of them.
type told struct {
	url string
	mu  sync.Mutex
	all []telling
}

// telling is an alert in a notification.
type telling struct {
	receiver string // the last part of its address
	alert    string // its labels, as label gives them
	status   string // firing or resolved
	began    time.Time
	news     bool // this status of this alert was not told before
}

func listen(t *testing.T) *told {
	t.Helper()
	o := new(told)
	server := httptest.NewServer(http.HandlerFunc(o.notify))
	t.Cleanup(server.Close)
	o.url = server.URL + "/"
	return o
}

func (o *told) notify(w http.ResponseWriter, r *http.Request) {
	var message struct {
		Alerts []struct {
			Status      string
			Labels      map[string]string
			Annotations map[string]string
			StartsAt    time.Time
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range message.Alerts {
		x := telling{receiver: strings.TrimPrefix(r.URL.Path, "/"), alert: label(a.Labels), status: a.Status, began: a.StartsAt}
		x.news = !slices.ContainsFunc(o.all, func(y telling) bool {
			return y.alert == x.alert && y.status == x.status && y.began.Equal(x.began) && y.receiver == x.receiver
		})
		o.all = append(o.all, x)
	}
}

// label writes the labels of an alert: its name, severity, then what it is about.
func label(l map[string]string) string {
	text := l["alertname"] + " " + l["severity"]
	for _, name := range []string{"job", "instance", "manager", "server", "task", "endpoint", "state", "reason", "team"} {
		if l[name] != "" {
			text += fmt.Sprintf(" %s=%q", name, l[name])
		}
	}
	known := len(strings.Fields("alertname severity"))
	for _, name := range []string{"job", "instance", "manager", "server", "task", "endpoint", "state", "reason", "team"} {
		if l[name] != "" {
			known++
		}
	}
	if len(l) != known {
		text += fmt.Sprintf(" %v", l) // a label that nobody expects
	}
	return text
}

// from gives what was told after the first n.
func (o *told) from(n int) []telling {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all[n:])
}

// has reports whether an alert was told with a status, after the first n.
func (o *told) has(n int, alert, status string) bool {
	return slices.ContainsFunc(o.from(n), func(x telling) bool { return x.alert == alert && x.status == status })
}
