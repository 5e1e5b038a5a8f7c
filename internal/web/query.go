package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// query is what a visitor asked the page to show. Everything is in the address,
// so that it survives a refresh and can be passed on.
type query struct {
	Search  string
	State   string // one of the filters; "" is every task
	Manager string
	Server  string
	Sort    string // one of the columns; "" is by attention
	Desc    bool
	From    int      // how many tasks are passed over
	Servers bool     // all servers, not only the first
	Order   string   // one of the columns of the servers; "" is by attention
	Open    []string // keys of the tasks whose details are shown
}

// Bounds of what an address can ask for.
const (
	pageOfTasks = 100
	maxOpen     = 8
	maxSearch   = 200 // bytes
)

// parseQuery takes what it understands and leaves the rest: an old address shows
// a page, too.
func parseQuery(values url.Values) query {
	q := query{
		Search:  cut(strings.TrimSpace(strings.ToValidUTF8(values.Get("q"), "\ufffd")), maxSearch),
		Manager: values.Get("manager"),
		Server:  values.Get("server"),
		Servers: values.Get("servers") == "all",
	}
	if state := values.Get("state"); filterOf(state) != nil {
		q.State = state
	}
	name, desc := strings.CutPrefix(values.Get("sort"), "-")
	if columnOf(name) != nil {
		q.Sort, q.Desc = name, desc
	}
	if n, err := strconv.Atoi(values.Get("from")); err == nil && n > 0 {
		q.From = n / pageOfTasks * pageOfTasks
	}
	if order := values.Get("order"); serverOrder(order) >= 0 {
		q.Order = order
	}
	for _, key := range values["open"] {
		if len(q.Open) < maxOpen && !slices.Contains(q.Open, key) {
			q.Open = append(q.Open, key)
		}
	}
	return q
}

// cut shortens a text to n bytes or a little less, at the end of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// values lists the parameters of the address, defaults left out.
func (q query) values() url.Values {
	v := url.Values{}
	set := func(name, value string, is bool) {
		if is && value != "" {
			v.Set(name, value)
		}
	}
	set("q", q.Search, true)
	set("state", q.State, true)
	set("manager", q.Manager, true)
	set("server", q.Server, true)
	set("sort", q.Sort, !q.Desc)
	set("sort", "-"+q.Sort, q.Desc)
	set("from", strconv.Itoa(q.From), q.From > 0)
	set("order", q.Order, true)
	set("servers", "all", q.Servers)
	for _, key := range q.Open {
		v.Add("open", key)
	}
	return v
}

// link is the address of the page with this query, relative to the page.
func (q query) link() string { return "?" + q.values().Encode() }

// toggled is the link that opens or closes a task.
func (q query) toggled(key string) string {
	if i := slices.Index(q.Open, key); i >= 0 {
		q.Open = slices.Delete(slices.Clone(q.Open), i, i+1)
	} else {
		q.Open = append(slices.Clone(q.Open), key)
		q.Open = q.Open[max(0, len(q.Open)-maxOpen):]
	}
	return q.link()
}

// filtered is the link that filters by state.
func (q query) filtered(state string) string {
	q.State, q.From = state, 0
	return q.link()
}

// Within is the link to the tasks of a server, or of a manager when server is "".
func (q query) Within(manager, server string) string {
	q.Manager, q.Server, q.State, q.From = manager, server, "", 0
	return q.link()
}

// sorted is the link of a column's header: first its own direction, then the
// other, then by attention again.
func (q query) sorted(c *column) string {
	first := c.measure != nil
	q.From = 0
	switch {
	case q.Sort != c.Name:
		q.Sort, q.Desc = c.Name, first
	case q.Desc == first:
		q.Desc = !first
	default:
		q.Sort, q.Desc = "", false
	}
	return q.link()
}

// Page is the link to so many pages of tasks further than the one after the first n.
func (q query) Page(n, further int) string {
	q.From = max(0, n+further*pageOfTasks)
	return q.link()
}

// Unsearched is the link that ends the search.
func (q query) Unsearched() string {
	q.Search, q.From = "", 0
	return q.link()
}

// AllServers is the link that shows all of them.
func (q query) AllServers() string {
	q.Servers = true
	return q.link()
}

// ordered is the link that orders the servers; the current order leads back to attention.
func (q query) ordered(by string) string {
	if q.Order == by {
		by = ""
	}
	q.Order = by
	return q.link()
}

// key names a task in an address.
func key(manager, server, task string) string {
	return url.PathEscape(manager) + "/" + url.PathEscape(server) + "/" + url.PathEscape(task)
}
