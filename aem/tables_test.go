package aem

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

const someTables = `{"table_details":[
	{"schema_on_source":"dbo","table_on_source":"orders","state":"TABLE_COMPLETED"},
	{"schema_on_source":"dbo","table_on_source":"orders_old","state":"TABLE_ERROR"},
	{"schema_on_source":"hr","table_on_source":"people","state":"TABLE_ERROR"}]}`

// tablesClient answers GetTableStatuses with body, whatever the filter.
func tablesClient(t *testing.T, body func() io.Reader, queries *[]string, opts ...Option) *Client {
	return newClient(t, testURL, append(opts, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
		*queries = append(*queries, r.URL.RawQuery)
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body())}, nil
	})))...)
}

func TestTableFilter(t *testing.T) {
	for name, tc := range map[string]struct {
		filter TableFilter
		query  string
		want   string
	}{
		"all":   {TableFilter{}, "action=getstatus", "orders orders_old people"},
		"error": {TableFilter{Error: true}, "action=getstatus&includeerror=true", "orders_old people"},
		"states": {TableFilter{Queued: true, Loading: true, Completed: true, ChangeProcessing: true, Error: true},
			"action=getstatus&includequeued=true&includeloading=true&includecompleted=true&includechangeprocessing=true&includeerror=true", "orders orders_old people"},
		"queued": {TableFilter{Queued: true, Loading: true, ChangeProcessing: true},
			"action=getstatus&includequeued=true&includeloading=true&includechangeprocessing=true", ""},
		"names":   {TableFilter{Schema: "dbo", Table: "orders"}, "action=getstatus&schema=dbo&table=orders", "orders"},
		"pattern": {TableFilter{Table: "orders%"}, "action=getstatus&table=orders%25", "orders orders_old"},
		"blank":   {TableFilter{Schema: "my schema"}, "action=getstatus&schema=my%20schema", ""},
	} {
		inBubble(t, name, func(t *testing.T) {
			var queries []string
			client := tablesClient(t, func() io.Reader { return strings.NewReader(someTables) }, &queries)
			tables, err := client.Tables.Statuses(t.Context(), TaskRef{"s", "t"}, tc.filter)
			if err != nil || !slices.Equal(queries, []string{tc.query}) {
				t.Errorf("asked for %q, %v", queries, err)
			}
			var names []string
			for _, table := range tables {
				names = append(names, table.Name)
			}
			if got := strings.Join(names, " "); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestEachStatusStopsWhenTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen tally
		var queries []string
		client := tablesClient(t, func() io.Reader { return strings.NewReader(someTables) }, &queries, WithObserver(&seen))
		enough := errors.New("enough")
		count := 0
		err := client.Tables.EachStatus(t.Context(), TaskRef{"s", "t"}, TableFilter{}, func() func(*TableStatus) error {
			return func(*TableStatus) error { count++; return enough }
		})
		var e *Error
		if !errors.Is(err, enough) || !errors.As(err, &e) || e.Kind != KindCanceled || count != 1 || len(queries) != 1 {
			t.Errorf("%d tables, %d requests, %v", count, len(queries), err)
		}
		if len(seen.failed) != 0 || seen.retries != 0 {
			t.Errorf("told of %v", seen.failed)
		}
	})
}

// A body that breaks off is a fault of the connection, and the call is repeated.
func TestEachStatusBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var queries []string
		var seen tally
		client := tablesClient(t, func() io.Reader {
			if len(queries) == 1 {
				return io.MultiReader(strings.NewReader(someTables[:len(someTables)-2]), failing{io.ErrUnexpectedEOF})
			}
			return strings.NewReader(someTables)
		}, &queries, WithObserver(&seen))
		var attempts [][]string
		err := client.Tables.EachStatus(t.Context(), TaskRef{"s", "t"}, TableFilter{}, func() func(*TableStatus) error {
			attempts = append(attempts, nil)
			return func(table *TableStatus) error {
				last := len(attempts) - 1
				attempts[last] = append(attempts[last], table.Name)
				return nil
			}
		})
		if err != nil || len(attempts) != 2 || len(attempts[0]) == 0 || len(attempts[1]) != 3 ||
			!slices.Equal(seen.failed, []string{"GetTableStatuses connection"}) || seen.retries != 1 {
			t.Errorf("got %v, %v, told of %v, %d retries", attempts, err, seen.failed, seen.retries)
		}
	})
}

func TestLike(t *testing.T) {
	for _, tc := range []struct {
		pattern string
		yes, no string
	}{
		{"", "any", ""},
		{"a", "a", "A ab ba"},
		{"a%", "a ab", "ba b"},
		{"%a", "a ba", "ab b"},
		{"a%a", "aa aba", "a ab"},
		{"%a%", "a xax", "x"},
		{"a%b%c", "abc axbxc", "acb ac"},
		{"%ab%ab", "abab ab-ab", "ab"},
		{"%%", "x", ""},
		{"a_", "a_", "ab"},
		{"\xff%", "\ufffd \ufffda", "a"},
		{"a.*\\", `a.*\`, "ab"},
	} {
		for _, name := range strings.Fields(tc.yes) {
			if !like(tc.pattern)(name) {
				t.Errorf("%q does not choose %q", tc.pattern, name)
			}
		}
		for _, name := range strings.Fields(tc.no) {
			if like(tc.pattern)(name) {
				t.Errorf("%q chooses %q", tc.pattern, name)
			}
		}
	}
}

// A name that was handed out must not change when the next table is read.
func TestTableNamesStay(t *testing.T) {
	var first TableStatus
	n := 0
	err := decodeTableStatuses(strings.NewReader(tableStatusesBody(600)), func(t *TableStatus) error {
		if n++; n == 1 {
			first = *t
		}
		return nil
	})
	must(t, err)
	if got := [...]string{first.Schema, first.Name, first.TargetSchema, first.TargetName, string(first.State)}; got !=
		[...]string{"SALES_00", "ORDER_LINES_00000", "sales_00", "order_lines_00000", "queued"} {
		t.Errorf("the first table: %q", got)
	}
}

// A server that ignores the filter does not matter.
func TestTableListIsFiltered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := answering(t, answer(200, `{"tablelist":[{"schema":"HR","table":"JOBS","state":"TABLE_QUEUED"},
			{"schema":"HR","table":"A","state":4},{"schema":"X","table":"B","state":4},7]}`))
		client.core.partial = true
		got, err := client.Tables.List(t.Context(), TaskRef{"s", "t"}, TableFilter{Schema: "H%", Error: true})
		if !slices.Equal(got, []TableInfo{{"HR", "A", TableError}}) || !errors.Is(err, ErrPartial) {
			t.Errorf("%v, %v", got, err)
		}
	})
}
