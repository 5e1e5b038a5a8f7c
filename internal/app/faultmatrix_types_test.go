package app

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// TestWrongTypes puts something else in the place of what stands at each level of an
// answer: the list or object that it is about, the first element, each field. (The
// whole document is a part of the matrix.)
func TestWrongTypes(t *testing.T) {
	for _, operation := range []string{"GetServerList", "GetServerDetails", "GetTaskList", "GetTaskDetails", "GetTableStatuses"} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, "poll_interval: 50ms", "request_timeout: 20s")
			for level := 1; level <= 4; level++ {
				for variant := range 2 {
					t.Run(fmt.Sprintf("level %d, variant %d", level, variant), func(t *testing.T) {
						s.in(t).mistype(operation, level, variant)
					})
				}
			}
		})
	}
}

// mistype lets one answer be wrong at one level, during the second hour.
func (s *stand) mistype(operation string, level, variant int) {
	c := cell{operation: operation, fault: fault{reason: "decode"}}
	c.aim(s)
	s.hour.Store(1)
	body, changed := mistyped(s.answer(operation), level, variant)
	if changed == 0 {
		s.hour.Store(0)
		return // no answer of this operation is so deep
	}
	before := s.scrape()
	handle := s.sim.AddFault(aemtest.Fault{Operation: operation, Server: c.server, Task: c.task, Kind: aemtest.FaultBody, Body: body})
	first := s.next()
	second := s.next()

	list := operation == "GetServerList" || operation == "GetTaskList" || operation == "GetTableStatuses"
	switch {
	case level == 1 && list:
		c.check(s, first)
		c.checkTold(s, before, first, second)
	case level == 2 && list:
		s.checkLoss(c, first)
		for _, key := range []string{
			`qem_polls_total{manager="prod",result="partial"}`,
			`qem_api_errors_total{error="decode",manager="prod",operation="` + operation + `"}`,
		} {
			if second[key] <= before[key] {
				s.t.Errorf("%s does not grow", key)
			}
		}
	default:
		s.checkLoss(c, first)
	}
	handle.Remove()
	s.hour.Store(0)
	compare(s.t, "after the fault", s.truth[0], s.next().entities())
}

// checkLoss allows samples of what the answer is about to be absent, but not to be
// wrong, and nothing else to be any different.
func (s *stand) checkLoss(c cell, scrape samples) {
	if c.operation == "GetServerList" {
		c.server = s.server // the first of the list
	}
	if c.operation == "GetTaskList" {
		c.task = s.task
	}
	want, have := samples{}, scrape.entities()
	for key := range have {
		if c.concerns(key) && derived(key) {
			delete(have, key)
		}
	}
	for key, value := range s.truth[1] {
		got, ok := have[key]
		switch {
		case c.concerns(key) && derived(key):
		case !c.concerns(key):
			want[key] = value
		case !ok:
		case got == 0 && strings.Contains(key, "_up{"):
			want[key] = 0
		case c.operation == "GetTableStatuses" && strings.HasPrefix(key, "qem_task_tables{") && got < value:
			want[key] = got // tables that could not be read are told, but not counted
		default:
			want[key] = value
		}
	}
	compare(s.t, "during the fault", want, have)
	if scrape[up] != 1 {
		s.t.Errorf("during the fault qem_up is %v", scrape[up])
	}
}

// derived reports whether a sample has fields in its labels, which are empty when they
// could not be read, or depends on other samples: an objective on the tags.
func derived(key string) bool {
	return strings.Contains(key, "_info{") || strings.Contains(key, `schema=""`) || strings.HasPrefix(key, "qem_task_latency_objective_")
}

// concerns reports whether a sample is about the server or task that the fault meets.
func (c *cell) concerns(key string) bool {
	return strings.Contains(key, `server="`+c.server+`"`) && (c.task == "" || strings.Contains(key, `task="`+c.task+`"`))
}

// answer is what the simulator says without a fault.
func (s *stand) answer(operation string) any {
	server := "/servers/" + url.PathEscape(s.server)
	task := server + "/tasks/" + url.PathEscape(s.task)
	path := map[string]string{
		"GetServerList": "/servers", "GetServerDetails": server, "GetTaskList": server + "/tasks",
		"GetTaskDetails": task, "GetTableStatuses": task + "/tables?action=getstatus",
	}[operation]
	get := func(path, session string) *http.Response {
		request, err := http.NewRequest(http.MethodGet, s.sim.URL+"/api/v1"+path, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		request.SetBasicAuth(aemtest.DefaultUser+"@"+aemtest.DefaultDomain, aemtest.DefaultPassword)
		if session != "" {
			request.Header.Set(aemtest.SessionHeader, session)
		}
		response, err := s.client.Do(request)
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	body, err := io.ReadAll(get(path, get("/login", "").Header.Get(aemtest.SessionHeader)).Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(body, &document); err != nil {
		s.t.Fatal(err)
	}
	return document
}

// mistyped replaces what stands at a level, of a list that of the first element, and
// counts what it has replaced.
func mistyped(document any, level, variant int) (body string, changed int) {
	var walk func(node any, level int) any
	walk = func(node any, level int) any {
		if level == 0 {
			changed++
			return wrong(node, variant)
		}
		switch v := node.(type) {
		case map[string]any:
			for key := range v {
				v[key] = walk(v[key], level-1)
			}
		case []any:
			if len(v) > 0 {
				v[0] = walk(v[0], level-1)
			}
		}
		return node
	}
	text, err := json.Marshal(walk(document, level))
	if err != nil {
		panic(err)
	}
	return string(text), changed
}

// wrong is a value of another type.
func wrong(node any, variant int) any {
	object, list := map[string]any{"a": []any{1}}, []any{"text", 17}
	switch node.(type) {
	case string:
		return []any{object, list}[variant]
	case map[string]any: // not a number: a rate may be one
		return []any{"text", list}[variant]
	case []any:
		return []any{"text", object}[variant]
	}
	return []any{"text", object}[variant]
}
