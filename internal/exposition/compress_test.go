package exposition

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/common/expfmt"
)

func someSnapshot() *Snapshot {
	t := NewTable([]string{"server"}, []Family{{Name: "up", Help: "Up.", Columns: [][]string{nil}}})
	var rows []LabelSet
	for _, server := range []string{"a", "b", "c"} {
		rows = append(rows, t.Row(LabelSet{}, server))
	}
	return NewSnapshot([]*Block{t.Block(NewRows(nil, rows), []float64{1, 0, 1}, nil)})
}

func ask(ctx context.Context, h http.Handler, encoding string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestFirstDemandCompressesOnce(t *testing.T) {
	s := someSnapshot()
	var compressions atomic.Int32
	s.onCompress = func() { compressions.Add(1) }
	h := HandlerOf(s)
	var group sync.WaitGroup
	start := make(chan struct{})
	bodies := make([][]byte, 64)
	for i := range bodies {
		group.Go(func() {
			<-start
			bodies[i] = ask(t.Context(), h, []string{"gzip", "zstd"}[i%2]).Body.Bytes()
		})
	}
	close(start)
	group.Wait()
	if got := compressions.Load(); got != 2 {
		t.Errorf("compressed %d times for two encodings", got)
	}
	for i, body := range bodies {
		if len(body) == 0 || !bytes.Equal(body, bodies[i%2]) {
			t.Errorf("body %d is %q", i, body)
		}
	}
}

// TestWaiterGivesUp checks that who waits for a compressed body stops when its
// client does, and that the body gets ready nonetheless.
func TestWaiterGivesUp(t *testing.T) {
	s := someSnapshot()
	begun, finish := make(chan struct{}), make(chan struct{})
	s.onCompress = func() {
		close(begun)
		<-finish
	}
	h := HandlerOf(s)
	first := make(chan *httptest.ResponseRecorder)
	go func() { first <- ask(context.Background(), h, "gzip") }()
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w := ask(ctx, h, "gzip"); w.Code != http.StatusServiceUnavailable || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("waiter got status %d, header %v", w.Code, w.Header())
	}
	if w := ask(t.Context(), h, "identity"); w.Code != http.StatusOK {
		t.Errorf("a plain answer waited for a compressed one: status %d", w.Code)
	}
	close(finish)
	if w := <-first; w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("first got status %d", w.Code)
	}
}

func TestCompressionThatPanicsIsTriedAgain(t *testing.T) {
	s := someSnapshot()
	s.onCompress = func() { panic("out of luck") }
	func() {
		defer func() { _ = recover() }()
		_, _ = s.compressed(t.Context(), variant{expfmt.TypeTextPlain, gzipped})
		t.Error("no panic")
	}()
	s.onCompress = nil
	if b, err := s.compressed(t.Context(), variant{expfmt.TypeTextPlain, gzipped}); err != nil || b.size == 0 {
		t.Errorf("body %v, error %v", b, err)
	}
}

func TestEncodeReportsErrors(t *testing.T) {
	broken := errors.New("broken")
	for e := range encodingCount {
		if err := encode(brokenWriter{broken}, e, someSnapshot().WriteText); !errors.Is(err, broken) {
			t.Errorf("%s: error %v", e, err)
		}
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }
