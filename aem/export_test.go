package aem

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func TestJSONOfAnExport(t *testing.T) {
	long := "// " + strings.Repeat("x", 10000) + "\r\n"
	for body, want := range map[string]string{
		`{"a":1}`:                               `{"a":1}`,
		"// Host name: x\n{\"a\":\"// no\"}\n":  "{\"a\":\"// no\"}\n",
		byteOrderMark + "// a\r\n\r\n //b\n[1]": "[1]",
		long + "{}":                             "{}",
		"/* no */ {}":                           "/* no */ {}",
		"// only":                               "",
		"":                                      "",
		"  \n":                                  "",
		"/":                                     "/",
	} {
		for _, r := range []io.Reader{strings.NewReader(body), iotest.OneByteReader(strings.NewReader(body)),
			iotest.DataErrReader(strings.NewReader(body))} {
			if got, err := io.ReadAll(JSON(r)); err != nil || string(got) != want {
				t.Errorf("%.20q: got %q, %v", body, got, err)
			}
		}
	}
	broken := errors.New("broken")
	for _, head := range []string{"", "// x", "// x\n", "{"} {
		_, err := io.ReadAll(JSON(io.MultiReader(strings.NewReader(head), iotest.ErrReader(broken))))
		if !errors.Is(err, broken) {
			t.Errorf("after %q: %v", head, err)
		}
	}
}

// An export is not limited as other answers are, neither in size nor in all its time.
func TestExportIsAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		client := newClient(t, testURL, WithMaxResponseBytes(10), WithTimeout(5*time.Second), WithRetries(0),
			WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
				time.Sleep(60 * time.Second) // to gather it
				context.AfterFunc(r.Context(), func() { _ = out.CloseWithError(r.Context().Err()) })
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: in}, nil
			})))
		go func() {
			for range 100 {
				time.Sleep(4 * time.Second)
				_, _ = io.WriteString(out, strings.Repeat("[", 1000))
			}
			_ = out.Close()
		}()
		export, err := client.Tasks.Export(t.Context(), TaskRef{"s", "t"}, ExportTaskOptions{})
		must(t, err)
		head := make([]byte, 10)
		if n, err := io.ReadFull(export, head); n != 10 || err != nil {
			t.Fatal(n, err)
		}
		time.Sleep(time.Hour) // a caller may take his time
		rest, err := io.ReadAll(export)
		if err != nil || len(rest) != 100*1000-10 {
			t.Errorf("%d bytes, %v", len(rest), err)
		}
		if err := export.Close(); err != nil {
			t.Error(err)
		}
		if n, err := export.Read(head); n != 0 || err == nil || err == io.EOF {
			t.Errorf("read after the end: %d, %v", n, err)
		}
	})
}

func TestExportsThatFail(t *testing.T) {
	for name, tc := range map[string]struct {
		answer *http.Response
		is     error
		reason string
	}{
		"code":           {apiAnswer(500, "AEM_EXPORT_TASK_NO_PERMISSION_ON_ENDPOINT")(), ErrUnauthorized, "AEM_EXPORT_TASK_NO_PERMISSION_ON_ENDPOINT"},
		"code under 200": {apiAnswer(200, "AEM_METHOD_NOT_SUPPORTED_VERSION")(), ErrNotSupported, "AEM_METHOD_NOT_SUPPORTED_VERSION"},
		"status":         {answer(503, ""), nil, "http_503"},
		"page":           {answer(200, " <html>"), ErrDecode, "decode"},
		"text":           {answer(200, "// Host name: x\r\nService Unavailable"), ErrDecode, "decode"},
		"nothing":        {answer(200, ""), ErrDecode, "decode"},
		"in pieces": {&http.Response{StatusCode: 200, Header: http.Header{},
			Body: io.NopCloser(iotest.OneByteReader(strings.NewReader(`{"error_code":"AEM_TASK_NOT_FOUND","error_message":"x"}`)))}, ErrNotFound, "AEM_TASK_NOT_FOUND"},
		"only a mark": {answer(200, byteOrderMark), ErrDecode, "decode"},
	} {
		inBubble(t, name, func(t *testing.T) {
			var seen tally
			client, requests := answeringTo(t, &seen, tc.answer)
			export, err := client.Servers.Export(t.Context(), "s")
			if e, ok := errors.AsType[*Error](err); !ok || export != nil || e.Reason() != tc.reason ||
				tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("got %v, %v", export, err)
			}
			if len(*requests) != 1 || len(seen.failed) != 1 || seen.failed[0] != "ExportAll "+tc.reason {
				t.Errorf("%q, told of %q", *requests, seen.failed)
			}
		})
	}
}

// A body that breaks, stalls or is given up tells which.
func TestExportsThatBreak(t *testing.T) {
	for name, tc := range map[string]struct {
		rest   func(w http.ResponseWriter, r *http.Request)
		giveUp bool
		kind   Kind
	}{
		"cut off":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, KindConnection},
		"stalled":  {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, false, KindTimeout},
		"given up": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, true, KindCanceled},
	} {
		t.Run(name, func(t *testing.T) {
			server := served(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/logout") {
					return
				}
				_, _ = io.WriteString(w, "// Host name: x\n{")
				_ = http.NewResponseController(w).Flush()
				tc.rest(w, r)
			}, (*httptest.Server).Start)
			client := newClient(t, server.URL, WithTimeout(200*time.Millisecond))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			export, err := client.Servers.Export(ctx, "s")
			must(t, err)
			defer export.Close()
			if tc.giveUp {
				cancel()
			}
			_, err = io.ReadAll(export)
			if e, ok := errors.AsType[*Error](err); !ok || e.Kind != tc.kind || e.Operation != "ExportAll" {
				t.Errorf("got %v", err)
			}
			if _, again := export.Read(make([]byte, 1)); again != err {
				t.Errorf("then %v", again)
			}
		})
	}
}

func TestExportThatDoesNotBegin(t *testing.T) {
	for name, tc := range map[string]struct {
		limit time.Duration
		is    error
		after time.Duration
	}{
		"in time":                {0, ErrTimeout, 70 * time.Second},
		"in the caller's time":   {3 * time.Second, ErrTimeout, 3 * time.Second},
		"before it is given up":  {-3 * time.Second, context.Canceled, 3 * time.Second},
		"before the body begins": {1, ErrTimeout, 1},
	} {
		inBubble(t, name, func(t *testing.T) {
			client := newClient(t, testURL, WithTransport(inSession(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})))
			must(t, client.Login(t.Context()))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tc.limit > 0 {
				ctx, cancel = context.WithTimeout(t.Context(), tc.limit)
				defer cancel()
			} else if tc.limit < 0 {
				time.AfterFunc(-tc.limit, cancel)
			}
			started := time.Now()
			_, err := client.Servers.Export(ctx, "s")
			if !errors.Is(err, tc.is) || time.Since(started) != tc.after {
				t.Errorf("after %v: %v", time.Since(started), err)
			}
		})
	}
}

func TestExportThatIsClosedEarly(t *testing.T) {
	gone := make(chan struct{})
	server := served(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/logout") {
			return
		}
		defer close(gone)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat("[", 1000)); err != nil {
				return
			}
		}
	}, (*httptest.Server).Start)
	client := newClient(t, server.URL)
	export, err := client.Audit.Export(t.Context(), noon, noon)
	must(t, err)
	if err := export.Close(); err != nil {
		t.Error(err)
	}
	<-gone
	if _, err := export.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("read after the end: %v", err)
	}
}

func readString(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	must(t, err)
	return string(text)
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
