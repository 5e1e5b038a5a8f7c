// Package web serves what an operator looks at: the status page and its JSON, the events,
// health and readiness, the configuration without its secrets, and the reload.
//
// It does no work of its own: everything it shows is handed in as functions that
// answer at once from memory.
package web

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
)

// Options is what the pages show and do.
type Options struct {
	// TelemetryPath is where Metrics is served, such as /metrics.
	TelemetryPath string
	// RoutePrefix is put before every path, such as /qem; "" or "/" is none.
	RoutePrefix string
	Metrics     http.Handler
	// Status tells what is known of every Enterprise Manager.
	Status func() Status
	// Config is the running configuration as YAML, without its secrets.
	Config func() []byte
	// Reload reads the configuration again; nil answers 403.
	Reload func(context.Context) error
	// Pprof opens /debug/pprof/.
	Pprof  bool
	Logger *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// ownPaths are taken, so that telemetry cannot be served there.
var ownPaths = []string{"/", "/config", "/-/healthy", "/-/ready", "/-/reload", "/api/v1", "/static", "/debug/pprof"}

// CheckTelemetryPath says what is wrong with a path for the metrics, if anything.
func CheckTelemetryPath(p string) error {
	switch {
	case !strings.HasPrefix(p, "/"):
		return fmt.Errorf("telemetry path %q must begin with a slash, such as /metrics", p)
	case path.Clean(p) != p || strings.ContainsFunc(p, notInPath):
		return fmt.Errorf("telemetry path %q must be a plain path, such as /metrics", p)
	}
	for _, own := range ownPaths {
		if p == own || own != "/" && strings.HasPrefix(p, own+"/") {
			return fmt.Errorf("telemetry path %q is taken by a page of the exporter; choose another, such as /metrics", p)
		}
	}
	return nil
}

// notInPath tells the characters that mean something else in a URL or a route.
func notInPath(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`{}?#%"\<>`, r)
}

// New makes the handler of all pages.
func New(o Options) (http.Handler, error) {
	if err := CheckTelemetryPath(o.TelemetryPath); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	page, err := parsePage()
	if err != nil {
		return nil, fmt.Errorf("template of the status page: %w", err)
	}
	h := &handler{Options: o, template: page, Assets: loadAssets(), streams: make(chan struct{}, maxStreams)}
	pages := http.NewServeMux()
	for _, a := range h.Assets {
		pages.Handle("GET /"+a.Path, a)
	}
	pages.HandleFunc("GET /{$}", h.page)
	pages.HandleFunc("GET /config", h.config)
	pages.HandleFunc("GET /api/v1/status", h.api)
	pages.HandleFunc("GET /api/v1/events", h.events)
	pages.HandleFunc("GET /-/healthy", h.healthy)
	pages.HandleFunc("GET /-/ready", h.ready)
	pages.HandleFunc("POST /-/reload", h.reload)
	if o.Pprof {
		addPprof(pages)
	}
	compressed, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(gzip.BestSpeed))
	if err != nil {
		return nil, fmt.Errorf("compress the pages: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", compressed(pages))
	mux.Handle("GET "+o.TelemetryPath, o.Metrics) // which compresses by itself
	return secured(ownSite(prefixed(o.RoutePrefix, mux))), nil
}

// ownSite refuses what a page of another site does through the browser of somebody who may.
func ownSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && fromElsewhere(r) {
			plain(w, http.StatusForbidden, "This does not answer to pages of other sites: ask with a program such as curl.\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// fromElsewhere tells what a browser sends for a page that is not ours. That the Host equals the
// Origin proves it ours only where no name stands in it: whoever points a name of theirs to our
// address sends both.
func fromElsewhere(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "none" && site != "same-origin" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host != r.Host {
		return true
	}
	_, err = netip.ParseAddr(u.Hostname())
	return err != nil && u.Hostname() != "localhost"
}

// prefixed serves everything below a prefix, and leads there from the root.
func prefixed(prefix string, next http.Handler) http.Handler {
	prefix = strings.TrimSuffix(prefix, "/")
	if prefix == "" {
		return next
	}
	mux := http.NewServeMux()
	mux.Handle(prefix+"/", http.StripPrefix(prefix, next))
	mux.Handle("GET /{$}", http.RedirectHandler(prefix+"/", http.StatusFound))
	return mux
}

func addPprof(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

// secured adds the headers that keep a browser from doing anything with an
// answer but show it. Those that the web configuration set stay.
func secured(next http.Handler) http.Handler {
	headers := [][2]string{
		{"Content-Security-Policy", contentSecurityPolicy},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "deny"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range headers {
			if w.Header().Get(h[0]) == "" {
				w.Header().Set(h[0], h[1])
			}
		}
		next.ServeHTTP(w, r)
	})
}

type handler struct {
	Options
	template *template.Template
	Assets   map[string]*asset // by file
	streams  chan struct{}     // a place for each status with details that is being written
}

func (h *handler) healthy(w http.ResponseWriter, _ *http.Request) {
	for _, m := range h.Status().Managers {
		if m.Wedged != "" {
			plain(w, http.StatusServiceUnavailable, "qem_exporter does not read "+m.Name+": "+m.Wedged+"\n")
			return
		}
	}
	plain(w, http.StatusOK, "qem_exporter is healthy.\n")
}

func (h *handler) ready(w http.ResponseWriter, _ *http.Request) {
	if missing := h.Status().Waiting(h.Now()); len(missing) > 0 {
		plain(w, http.StatusServiceUnavailable,
			"qem_exporter is not ready: waiting for the first reading of "+strings.Join(missing, ", ")+" to end.\n")
		return
	}
	plain(w, http.StatusOK, "qem_exporter is ready.\n")
}

func (h *handler) reload(w http.ResponseWriter, r *http.Request) {
	if h.Reload == nil {
		plain(w, http.StatusForbidden, "Lifecycle API is not enabled: start with --web.enable-lifecycle, or send SIGHUP.\n")
		return
	}
	err := h.Reload(r.Context())
	switch {
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		// Whoever asked has gone; the reload itself goes on and logs its outcome.
		h.Logger.Warn("reload was asked for by a client that did not wait for its end")
	case err != nil:
		plain(w, http.StatusInternalServerError,
			fmt.Sprintf("failed to reload the configuration, which stays as it was: %s\n", err))
	default:
		plain(w, http.StatusOK, "Configuration reloaded.\n")
	}
}

func (h *handler) config(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, string(h.Config()))
}

// plain answers with a text that no cache keeps.
func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	// A failed write means that the client has gone, which is its own affair.
	_, _ = io.WriteString(w, text)
}
