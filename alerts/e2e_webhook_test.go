//go:build e2e

package alerts_test

import (
	"encoding/json"
	"fmt"
	"maps"
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
	n   int
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
			Status   string
			Labels   map[string]string
			StartsAt time.Time
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.n++
	for _, a := range message.Alerts {
		x := telling{receiver: strings.TrimPrefix(r.URL.Path, "/"), alert: label(a.Labels), status: a.Status,
			began: a.StartsAt}
		x.news = !slices.ContainsFunc(o.all, func(y telling) bool {
			return y.alert == x.alert && y.status == x.status && y.began.Equal(x.began) && y.receiver == x.receiver
		})
		o.all = append(o.all, x)
	}
}

// label writes the labels of an alert: its name, severity, then what it is about.
func label(l map[string]string) string {
	rest := maps.Clone(l)
	text := l["alertname"] + " " + l["severity"]
	delete(rest, "alertname")
	delete(rest, "source")
	delete(rest, "target")
	delete(rest, "severity")
	for _, name := range []string{"manager", "server", "task", "endpoint_name", "reason", "team"} {
		if v, ok := rest[name]; ok {
			text += fmt.Sprintf(" %s=%q", name, v)
			delete(rest, name)
		}
	}
	for name, v := range rest {
		text += fmt.Sprintf(" %s=%q", name, v) // not one that is expected
	}
	return text
}

// from gives what was told after the first n.
func (o *told) from(n int) []telling {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all[n:])
}

// messages is how many notifications there were.
func (o *told) messages() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.n
}

// has reports whether someone was told an alert with a status.
func (o *told) has(alert, status string) bool {
	return slices.ContainsFunc(o.from(0), func(x telling) bool {
		return x.receiver+" "+x.alert == alert &&
			x.status == status
	})
}
