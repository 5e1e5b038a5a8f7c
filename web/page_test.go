package web

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func TestPageSaysWhatWasSeen(t *testing.T) {
	page := ask(t, options(prod(polled()), Manager{Name: "new"}), "GET", "/").Body.String()
	for _, want := range []string{
		"1.2.3", "2 Enterprise Managers", "Up for 1h30m", "Not ready",
		"https://qem.example.com/attunityenterprisemanager",
		"could not read everything: 3 problems", "ended 10s ago and took 2s", "Polled every 1m",
		"The first 1 of 3 problems are shown", "GetTaskDetails, AEM_TASK_NOT_FOUND",
		"3 servers, 6 tasks: 1 in error, 1 recovering, 2 running, 1 stopped, 1 in another state",
		"not_monitored", "not read", "first poll has not ended",
		`href="/metrics"`, `href="/config"`, `href="/-/healthy"`, `href="/-/ready"`, `href="/api/v1/status"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}

func TestPageEscapes(t *testing.T) {
	hostile := `</style><script>alert(1)</script>"'` + "`"
	m := prod(polled())
	m.Name, m.URL = hostile, hostile
	page := ask(t, options(m), "GET", "/").Body.String()
	for _, bad := range []string{"<script", "<b>", "<i>"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q unescaped", bad)
		}
	}
	if !strings.Contains(page, "&lt;script&gt;alert(1)") {
		t.Error("the name is not shown")
	}
}

func TestPageNeedsNothingElse(t *testing.T) {
	page := ask(t, options(prod(polled())), "GET", "/").Body.String()
	for _, bad := range []string{"<script", "<img", "<link", "<iframe", "src=", "http://", "url(", " style="} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

// The browser applies the style only when its hash is the one in the policy.
func TestPolicyAllowsThePagesOwnStyle(t *testing.T) {
	w := ask(t, options(prod(polled())), "GET", "/")
	_, rest, _ := strings.Cut(w.Body.String(), "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	if !found || !strings.Contains(style, "prefers-color-scheme") {
		t.Fatal("the page has no style")
	}
	sum := sha256.Sum256([]byte(style))
	want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q lacks %q", policy, want)
	}
}

func TestSeconds(t *testing.T) {
	for s, want := range map[float64]string{
		0: "0s", 0.0123: "12ms", 2: "2s", 59.94: "59.9s", 60: "1m", 90: "1m30s", 100: "1m40s", 3600: "1h", 36000: "10h", 5400: "1h30m", 3e5: "3 days",
	} {
		if got := seconds(s); got != want {
			t.Errorf("seconds(%v) = %q, want %q", s, got, want)
		}
	}
}
