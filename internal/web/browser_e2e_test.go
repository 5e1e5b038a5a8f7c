//go:build e2e

package web

import (
	"fmt"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// shown is a status page that a browser can look at, and what it shows.
type shown struct {
	*httptest.Server
	managers atomic.Pointer[[]Manager]
}

func serve(t *testing.T, managers ...Manager) *shown {
	t.Helper()
	s := &shown{}
	s.poll(managers...)
	o := options()
	o.Status = func() Status { return Status{Version: "1.2.3", Started: now, Managers: *s.managers.Load()} }
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// poll shows what another poll saw.
func (s *shown) poll(managers ...Manager) {
	for i := range managers {
		managers[i].StateInterval = 2 * time.Second // so that the page asks soon again
	}
	s.managers.Store(&managers)
}

const (
	isLive   = `document.getElementById("live").textContent === "Live"`
	rowNames = `[...document.querySelectorAll(".tasks th.task a[aria-expanded]")].map((a) => a.textContent).join(" ")`
)

func click(id string) string { return fmt.Sprintf(`document.getElementById(%q).click()`, id) }

func linkOf(manager, server, task string) string {
	return "t-" + short(key(manager, server, task)) + "-link"
}

func TestBrowserSortsSearchesAndOpens(t *testing.T) {
	page, b := serve(t, two()...), openBrowser(t, 1280, 900)
	b.open(page.URL)
	b.await("the sign that it is live", isLive)
	if got := b.eval(rowNames); got != "broken later late unread tables well Loading" {
		t.Errorf("at first it shows %q", got)
	}

	b.eval(click("sort-latency"))
	b.await("tasks sorted by latency", rowNames+` === "later late well broken tables unread Loading"`)
	b.await("the sorted column told", `document.querySelector("th.latency").getAttribute("aria-sort") === "descending"`)
	b.eval(`document.getElementById("sort-task").focus()`)
	b.key("Enter", 13)
	b.await("tasks sorted by name", rowNames+` === "broken late later Loading tables unread well"`)
	b.await("the focus where it was", `document.activeElement.id === "sort-task"`)

	b.key("/", 191)
	b.await("the focus in the search", `document.activeElement.id === "q"`)
	b.write("late")
	b.await("the tasks searched for", rowNames+` === "late later" && location.search.includes("q=late")`)
	b.eval(`document.getElementById("q").value = ""; document.getElementById("q").dispatchEvent(new Event("input"))`)
	b.await("all tasks again", rowNames+` === "broken late later Loading tables unread well"`)

	b.eval(click("chip-error"))
	b.await("the tasks in error", rowNames+` === "broken"`)
	b.eval(click(linkOf("east", "s1", "broken")))
	b.await("the details", `document.querySelector("tr.details")?.innerText.includes("erp (Oracle)")`)
	b.await("the link's state", fmt.Sprintf(`document.getElementById(%q).getAttribute("aria-expanded") === "true"`,
		linkOf("east", "s1", "broken")))
	b.eval(`history.back()`)
	b.await("the details closed by going back", `!document.querySelector("tr.details") && `+rowNames+` === "broken"`)
	b.eval(`history.back()`)
	b.await("all tasks by going back", rowNames+` === "broken late later Loading tables unread well"`)
}

// A task fails while somebody looks: the page tells, and everything that was
// typed, opened, focused and scrolled stays.
func TestBrowserShowsATaskThatFails(t *testing.T) {
	page, b := serve(t, many(300)), openBrowser(t, 1280, 700)
	b.open(page.URL + "/?sort=task&q=ora2snow")
	b.await("the sign that it is live", isLive)
	link := linkOf("big", "server-000", "ORA2SNOW_00042")
	b.eval(click(link))
	b.await("the details", `document.querySelector("tr.details")`)
	b.eval(fmt.Sprintf(`document.documentElement.style.scrollBehavior = "auto"; document.getElementById(%[1]q).focus(); document.getElementById(%[1]q).scrollIntoView({block: "center"});
		window.kept = {scroll: scrollY, row: document.querySelector("tr.open"), tiles: document.getElementById("tiles").innerText}`, link))
	if b.eval(`scrollY`) == 0.0 {
		t.Fatal("nothing to scroll")
	}

	failed := many(300)
	task := failed.View.Servers[0].Tasks[42]
	task.State, task.Message = fleet.TaskError, "ORA-03113: end-of-file on communication channel"
	page.poll(failed)

	b.await("the failed task",
		`document.querySelector("tr.open")?.innerText.includes("ORA-03113") && document.querySelector("tr.open .s-error")`)
	for what, expression := range map[string]string{
		"the number in the title":     `document.title === "(19) qem_exporter"`,
		"the number in the tiles":     `document.getElementById("tiles").innerText !== kept.tiles`,
		"the news for screen readers": `document.getElementById("news").textContent.includes("Tasks that need attention 19")`,
		"the search":                  `document.getElementById("q").value === "ora2snow"`,
		"the sorting":                 `document.querySelector("th.task").getAttribute("aria-sort") === "ascending"`,
		"the open details":            `document.querySelectorAll("tr.details").length === 1`,
		"the focus":                   fmt.Sprintf(`document.activeElement.id === %q`, link),
		"the scroll position":         `scrollY === kept.scroll`,
		"the row itself":              `document.querySelector("tr.open") === kept.row`,
	} {
		if b.eval(expression) != true {
			t.Errorf("after the refresh: not %s (title %v, news %v, scrolled %v)", what, b.eval(`document.title`),
				b.eval(`document.getElementById("news").textContent`), b.eval(`scrollY - kept.scroll`))
		}
	}
}

// Data that cannot be refreshed must not pass for live.
func TestBrowserTellsThatItIsCutOff(t *testing.T) {
	page, b := serve(t, two()...), openBrowser(t, 1280, 900)
	b.open(page.URL)
	b.await("the sign that it is live", isLive)
	page.CloseClientConnections()
	page.Server.Close()
	b.await("the warning", `document.getElementById("live").textContent === "Old data: the exporter does not answer"`)
	b.forgive("net::ERR_") // refused, or reset while the page still loads its icon

	b.eval(click("pause"))
	if got := b.eval(`document.getElementById("live").textContent + document.getElementById("pause").getAttribute("aria-pressed")`); got != "Pausedtrue" {
		t.Errorf("paused, it says %q", got)
	}
}

func TestBrowserOnAPhone(t *testing.T) {
	page, b := serve(t, append(two(), many(200))...), openBrowser(t, 390, 844)
	b.open(page.URL + "/?open=" + "east%2Fs1%2Flate")
	b.await("the sign that it is live", isLive)
	if width := b.eval(`document.documentElement.scrollWidth`); width != 390.0 {
		t.Errorf("the page is %v wide on a screen of 390", width)
	}
	if hidden := b.eval(`[...document.querySelectorAll(".tasks th.task, .tasks td.state, .tasks td.latency")].some((e) => e.offsetWidth < 40)`); hidden != false {
		t.Error("a column that matters is not to be seen")
	}
}

// axeFile is where scripts/install-test-tools puts the checker of accessibility.
const axeFile = "../../.cache/npm/node_modules/axe-core/axe.min.js"

// TestBrowserIsAccessible: in light and dark, contrasts and all.
func TestBrowserIsAccessible(t *testing.T) {
	axe, err := os.ReadFile(axeFile)
	if err != nil {
		t.Fatalf("%v: run scripts/install-test-tools", err)
	}
	fleets := map[string][]Manager{
		"trouble": append(two(), down("off", "no answer"), manager("m", lost("l", replicating("x", 1)))),
		"waiting": {{Name: "new", PollInterval: time.Minute, StateInterval: time.Minute}},
	}
	for name, managers := range fleets {
		for _, width := range []int{1280, 390} {
			page, b := serve(t, managers...), openBrowser(t, width, 900)
			var backs []any
			for _, scheme := range []string{"light", "dark"} {
				b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]any{
					{"name": "prefers-color-scheme", "value": scheme}}}, nil)
				b.open(page.URL + "/?open=" + "east%2Fs1%2Fbroken")
				b.await("the sign that it is live", isLive)
				b.eval(string(axe) +
					`; axe.run().then((r) => { window.found = r.violations.map((v) => v.id + ": " + v.nodes[0].html).join("\n") }); ""`)
				b.await("the checker to end", `window.found !== undefined`)
				if found := b.eval(`window.found`); found != "" {
					t.Errorf("%s, %d wide, %s: %v", name, width, scheme, found)
				}
				backs = append(backs, b.eval(`getComputedStyle(document.body).backgroundColor`))
			}
			if backs[0] == backs[1] {
				t.Errorf("light and dark are the same: %v", backs)
			}
		}
	}
}
