package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// warn tells what of a manager is legal and yet a likely slip.
func (m *Manager) warn(at place) {
	if m.TLS.InsecureSkipVerify {
		at.d.warn(at.key("tls_config.insecure_skip_verify"),
			"the server's certificate is not verified: anybody in between can read the credential")
	}
	if u, err := url.Parse(m.URL); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		at.d.warn(at.key("url"), "http:// to another machine: the credential travels in clear")
	}
	m.warnOfOrder(at)
}

// warnOfOrder warns of entries that never count, because the first that matches does.
func (m *Manager) warnOfOrder(at place) {
	var said Objective // of every task, by the entries so far
	for i, o := range m.Objectives {
		if i > 0 && (o.Latency == 0 || said.Latency != 0) && (o.FullLoad == 0 || said.FullLoad != 0) &&
			(o.Running == nil || said.Running != nil) && (o.Priority == "" || said.Priority != "") {
			at.d.warn(at.key(fmt.Sprintf("objectives[%d]", i)),
				"never counts: entries for all tasks come first and say the same; put those for all last")
		}
		if matchesAll(o.Server) && matchesAll(o.Task) && o.Tag == nil {
			said.Latency, said.FullLoad = cmp.Or(said.Latency, o.Latency), cmp.Or(said.FullLoad, o.FullLoad)
			said.Running, said.Priority = cmp.Or(said.Running, o.Running), cmp.Or(said.Priority, o.Priority)
		}
	}
	all := slices.IndexFunc(m.ServerLimits, func(l ServerLimit) bool { return matchesAll(l.Server) })
	for i := all + 1; all >= 0 && i < len(m.ServerLimits); i++ {
		at.d.warn(at.key(fmt.Sprintf("server_limits[%d]", i)),
			"never counts: an entry for all servers comes first; put that for all last")
	}
}

func matchesAll(re *regexp.Regexp) bool { return re == nil || withoutAnchors(re) == ".*" }

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// curlyQuotes are what word processors make of quotes; YAML takes them as part of
// the text.
const curlyQuotes = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f"

// warnOfQuotes warns of quotes that are part of a text and were probably not meant to be.
func (d *decoder) warnOfQuotes(v value) {
	text := v.node.Value
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	switch {
	case strings.ContainsRune(curlyQuotes, first) || strings.ContainsRune(curlyQuotes, last):
		d.warn(v.path, "begins or ends with a curly quote, which is taken as part of the value: write \" or '")
	case d.variables != nil && len(text) > 1 && first == last && (first == '"' || first == '\''):
		d.warn(v.path, "stands in quotes, which are taken as part of the value: leave them out")
	}
}

// shortSecret is the length below which a secret cannot be looked for in texts of
// the other side without mangling them.
const shortSecret = 8

// slipOfComment is a comment as nobody writes one on purpose: one blank before it, or none after #.
var slipOfComment = regexp.MustCompile(`^[^ ]* #|^[^#]* #[^ ]`)

// warnOfSecret warns of credentials that are probably not what was meant.
func (d *decoder) warnOfSecret(v value, text string, ok bool) {
	if ok && utf8.RuneCountInString(text) < shortSecret {
		d.warn(v.path, "is shorter than %d characters: texts of the other side are not searched for it", shortSecret)
	}
	if v.node.Style == 0 && v.node.LineComment != "" {
		if line := d.line(v.node.Line); slipOfComment.MatchString(line[min(len(line), v.node.Column-1):]) {
			d.warn(v.path, "a comment begins right after it: a # that is part of it must be in quotes")
		}
	}
}

type environment map[string]string

func newEnvironment(environ []string) environment {
	e := environment{}
	for _, pair := range environ {
		name, val, _ := strings.Cut(pair, "=")
		e[name] = val
	}
	return e
}

func (e environment) get(name string) string { return e[name] }

// foreignVariable are variables that Kubernetes makes for a Service named qem or
// qem-exporter, and those of the exporter's own tools.
var foreignVariable = regexp.MustCompile(
	`^QEM_EXPORTER|^QEM(_[A-Z0-9]+)*_(SERVICE_HOST|SERVICE_PORT.*|PORT(_[0-9]+_.*)?)$`)

// unknown warns of QEM_* variables that mean nothing.
func (e environment) unknown(used map[string]bool) []string {
	var lower, warnings []string
	known := map[string]bool{}
	for _, v := range variables() {
		lower = append(lower, strings.ToLower(v.variable))
		known[v.variable] = true
	}
	for _, name := range sortedKeys(e) {
		if !strings.HasPrefix(name, variablePrefix) || known[name] || used[name] || foreignVariable.MatchString(name) {
			continue
		}
		text := name + ": unknown environment variable, which means nothing"
		if meant := closest(name, lower); meant != "" {
			text += "; did you mean " + strings.ToUpper(meant) + "?"
		}
		warnings = append(warnings, text)
	}
	return warnings
}
