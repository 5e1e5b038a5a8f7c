package aem

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTableListTraps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := `{"tablelist":[{"schema":"HR","table":"JOBS","state":"TABLE_QUEUED"},{"schema":"HR","table":"A","state":4},{"schema":"HR","table":"B","state":"3"},
			{"SchemaName":"X","TableName":"C","state":"TABLE COMPLETED"},{"schema":"HR","table":"D","state":"SUSPENDED"},{"schema":"HR","state":1},7]}`
		client, _ := answering(t, answer(200, body), answer(200, body), answer(200, `{"TableList":null}`),
			answer(200, `{"tablelist":{}}`))
		client.core.partial = true
		got, err := client.Tables.List(t.Context(), TaskRef{"s", "t"}, TableFilter{})
		want := []TableInfo{{"HR", "JOBS", TableQueued}, {"HR", "A", TableError}, {"HR", "B", TableChangeProcessing},
			{"X", "C", TableCompleted}, {"HR", "D", "suspended"}}
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, ErrPartial) {
			t.Errorf("%v: %s", err, diff)
		}
		// A server that ignores the filter does not matter.
		got, err = client.Tables.List(t.Context(), TaskRef{"s", "t"}, TableFilter{Schema: "H%", Error: true})
		if diff := cmp.Diff(want[1:2], got); diff != "" || !errors.Is(err, ErrPartial) {
			t.Errorf("%v: %s", err, diff)
		}
		if got, err = client.Tables.List(t.Context(), TaskRef{"s", "t"}, TableFilter{}); len(got) != 0 || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		if got, err = client.Tables.List(t.Context(), TaskRef{"s", "t"}, TableFilter{}); got != nil ||
			!errors.Is(err, ErrDecode) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestEndpointListTraps(t *testing.T) {
	body := `{"endpointList":[{"name":"a","description":"d","role":"SOURCE","type":"ORACLE","is_licensed":true},
		{"name":"b","role":"TARGET","type":"Hadoop","isLicensed":"false"},{"Name":"c","Role":0,"IsLicensed":1},{"name":"d","role":"3"},{"role":"SOURCE"},null]}`
	got, err := decodeEndpointList(strings.NewReader(body))
	want := []Endpoint{{"a", "d", EndpointSource, "ORACLE", BoolOf(true)},
		{"b", "", EndpointTarget, "Hadoop", BoolOf(false)},
		{Name: "c", Role: EndpointAll, Licensed: BoolOf(true)}, {Name: "d", Role: EndpointBoth}}
	if diff := cmp.Diff(want, got, exact); diff != "" || !usable(err) || err == nil {
		t.Errorf("%v: %s", err, diff)
	}
	for _, body := range []string{`null`, `{"endpointList":1}`, `[`, ``, `{"error_code":"AEM_ENDPOINT_LIST_INNER_ERR"}`} {
		if got, err := decodeEndpointList(strings.NewReader(body)); got != nil || err == nil {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
	if got, err := decodeEndpointList(strings.NewReader(`{"endpointlist":[{"name":"x","role":"sOuRcE"}],"extra":[]}`)); err != nil || got[0].Role != EndpointSource {
		t.Errorf("%v, %v", got, err)
	}
}

func TestEndpointTestTraps(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want EndpointTest
	}{
		"the guide's schema": {`{"requeststate":"SUCCESS","message":"","detailed_message":""}`,
			EndpointTest{State: EndpointConnected}},
		"its table": {`{"state":"FAILURE","message":"no","detailed message":"really"}`,
			EndpointTest{EndpointFailed, "no", "really"}},
		"its sample": {`{"state":"CONNECTED","error_message":""}`, EndpointTest{State: EndpointConnected}},
		"the SDKs": {`{"status":"CONNECTED","message":null,"detailed_message":null}`,
			EndpointTest{State: EndpointConnected}},
		"the SDKs' number": {`{"Status":2,"Message":"ORA-01017","DetailedMessage":"x"}`,
			EndpointTest{EndpointFailed, "ORA-01017", "x"}},
		"error and message": {`{"status":"ERROR","error_message":"ORA-1"}`, EndpointTest{EndpointFailed, "ORA-1", ""}},
		"unknown":           {`{"request_state":"UNKNOWN"}`, EndpointTest{State: EndpointUnknown}},
		"new":               {`{"status":"PENDING"}`, EndpointTest{State: "pending"}},
		"status first": {`{"requeststate":"SUCCESS","state":"FAILURE","status":"CONNECTED"}`,
			EndpointTest{State: EndpointConnected}},
		"state second": {`{"state":"FAILURE","requeststate":"SUCCESS","status":null,"message":"NONE"}`,
			EndpointTest{State: EndpointFailed}},
	} {
		got, err := decodeEndpointTest(strings.NewReader(tc.body))
		if err != nil || *got != tc.want || got.OK() != (tc.want.State == EndpointConnected) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, body := range []string{`{}`, `null`, ``, `{"status":{}}`, `{"error_code":"AEM_X"}`} {
		if got, err := decodeEndpointTest(strings.NewReader(body)); err == nil {
			t.Errorf("%s: %+v", body, got)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		client, requests := answering(t, apiAnswer(500, CodeTestEndpointConnectionTimeout)())
		if _, err := client.Endpoints.Test(t.Context(), EndpointRef{"s", "e"}, 0); !errors.Is(err, ErrTestTimeout) ||
			errors.Is(err, ErrTaskTimeout) {
			t.Errorf("got %v", err)
		}
		if (*requests)[0] != "GET /servers/s/endpoints/e?action=test&timeout=60" {
			t.Errorf("sent %q", *requests)
		}
	})
}

func TestTableSelectionTraps(t *testing.T) {
	body := `{"included_pattern":[{"owner":"HR","name":"%","load_order":0,"table_type":"TABLE"},{"owner":"S","name":"v","load_order":"HIGHEST","table_type":2}],
		"excluded_pattern":null,"explicit_included_tables":[{"owner":"a","name":"b"},{"owner":"a","name":"c","load_order":"-5000","table_type":"SYNONYM"},{"name":"x","load_order":null}]}`
	got, err := decodeSelection(strings.NewReader(body))
	want := &TableSelection{
		Included: []SelectedTable{{"HR", "%", LoadNormal, TypeTable}, {"S", "v", LoadHighest, TypeView}},
		Explicit: []SelectedTable{{Owner: "a", Name: "b"}, {"a", "c", LoadLower, "synonym"}, {Name: "x"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	for name, order := range map[string]LoadOrder{"lowest": LoadLowest, "Lower": LoadLower, "LOW": LoadLow,
		"NORMAL": LoadNormal, "HIGH": LoadHigh, "HIGHER": LoadHigher, "HIGHEST": LoadHighest} {
		got, err := decodeSelection(strings.NewReader(`{"included_pattern":[{"name":"x","load_order":"` + name + `"}]}`))
		if err != nil || got.Included[0].LoadOrder != order {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, body := range []string{``, `null`, `{}`, `{"x":[]}`, `{"included_pattern":{}}`, `{"included_pattern":[1]}`,
		`{"included_pattern":[{"owner":"a"}]}`,
		`{"included_pattern":[{"name":"a","load_order":"SOON"}]}`, `{"included_pattern":[{"name":"a"}`,
		`{"included_pattern":[],"error_code":"AEM_TABLE_LIST_INNER_ERR"}`} {
		if got, err := decodeSelection(strings.NewReader(body)); usable(err) {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

func TestRetentionBarrierTraps(t *testing.T) {
	point := time.Date(2020, 6, 30, 16, 15, 0, 0, time.UTC)
	for body, want := range map[string]RetentionBarrier{
		`{"application":"Compose","retention_point":"2020-06-30T16:15:00Z"}`: {"Compose", point},
		`{"Application":"Compose","RetentionPoint":"2020-06-30T16:15:00"}`:   {"Compose", point},
		`{"application":"","retention_point":""}`:                            {},
		`{"application":null,"retention_point":null}`:                        {},
		`{"application":"x","retention_point":"0001-01-01T00:00:00Z"}`:       {},
		`{"application":"x","retention_point":"NONE"}`:                       {},
		`{}`:                 {},
		`null`:               {},
		``:                   {},
		byteOrderMark + "\n": {},
	} {
		got, err := decodeBarrier(strings.NewReader(body))
		if err != nil || *got != want || got.IsSet() != !want.Point.IsZero() {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	for _, body := range []string{`[]`, `{`, `<html>`, `{"retention_point":"soon"}`,
		`{"error_code":"AEM_GET_CHANGE_DATA_RETENTION_BARRIER_INNER_ERR"}`,
		`{"error_code":"AEM_TASK_NOT_FOUND","retention_point":""}`} {
		if got, err := decodeBarrier(strings.NewReader(body)); err == nil {
			t.Errorf("%s: %+v", body, got)
		}
	}
}

func TestDeleteEndpointFallsBack(t *testing.T) {
	for name, tc := range map[string]struct {
		first int
		code  string
		fall  bool
		sent  int
	}{
		"405":          {405, "", true, 2},
		"404":          {404, "", true, 2},
		"501":          {501, "", true, 2},
		"500":          {500, "", true, 1},
		"not asked":    {405, "", false, 1},
		"an API error": {404, CodeEndpointIsInUse, true, 1},
	} {
		inBubble(t, name, func(t *testing.T) {
			first := bareAnswer(tc.first)()
			if tc.code != "" {
				first = apiAnswer(tc.first, tc.code)()
			}
			client, requests := answering(t, first, answer(200, ""))
			err := client.Endpoints.Delete(t.Context(), EndpointRef{"s", "e"}, DeleteEndpointOptions{FallBackToPOST: tc.fall})
			want := []string{"DELETE /servers/s/endpoints/e?action=delete",
				"POST /servers/s/endpoints/e?action=delete"}[:tc.sent]
			if diff := cmp.Diff(want, *requests); diff != "" || (err == nil) != (tc.sent == 2) ||
				errors.Is(err, ErrInUse) != (tc.code != "") {
				t.Errorf("%v: %s", err, diff)
			}
		})
	}
}

func FuzzJSONOfAnExport(f *testing.F) {
	f.Add("\xef\xbb\xbf// Host name: x\r\n{}")
	f.Add(" /")
	f.Fuzz(func(t *testing.T, body string) {
		text := readString(t, JSON(strings.NewReader(body)))
		if !strings.HasSuffix(body, text) || readString(t, JSON(strings.NewReader(text))) != text &&
			!strings.HasPrefix(text, byteOrderMark) {
			t.Errorf("%q became %q", body, text)
		}
	})
}
