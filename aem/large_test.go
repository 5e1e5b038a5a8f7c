package aem

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// a slowBody gives a list of the given size in parts, 256 KiB a tenth of a second, and counts
// how many are being read beyond 4 MiB.
type slowBody struct {
	size, left int
	beyond     func(by int32)
	over       bool
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		_ = b.Close()
		return copy(p, `{"name":"last"}]}`), io.EOF
	}
	before := b.left >> 18
	n := copy(p, tasksBody[(b.size-b.left)%len(tasksBody):])
	n = min(n, b.left)
	b.left -= n
	if b.left>>18 != before {
		time.Sleep(100 * time.Millisecond)
	}
	if b.size-b.left > largeBody+1 && !b.over {
		b.over = true
		b.beyond(1)
	}
	return n, nil
}

func (b *slowBody) Close() error {
	if b.over {
		b.over = false
		b.beyond(-1)
	}
	return nil
}

const size = 20 << 18

// tasksBody is a part of a list of tasks.
var tasksBody = strings.Repeat(fmt.Sprintf(`{"name":"t","x":%q},`, strings.Repeat("x", 1<<13-20)), 1<<5)

func TestLargeBodiesAreReadOneAtATime(t *testing.T) {
	for _, announced := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var reading, most, requests atomic.Int32
			bodies, gate := NewLargeBodies(), withSlots(2)
			serve := roundTrip(func(r *http.Request) (*http.Response, error) {
				switch {
				case isLogin(r):
					return signedIn("session-1"), nil
				case !strings.HasSuffix(r.URL.Path, "/tasks"):
					return answer(200, `{"serverList":[]}`), nil
				}
				requests.Add(1)
				response := answer(200, "")
				response.ContentLength = -1
				if announced {
					response.ContentLength = size
				}
				b := &slowBody{size: size, left: size, beyond: func(by int32) { most.Store(max(most.Load(), reading.Add(by))) }}
				response.Body = struct {
					io.Reader
					io.Closer
				}{io.MultiReader(strings.NewReader(`{"taskList":[`), b), b}
				return response, nil
			})
			var clients []*Client
			for i := range 3 {
				clients = append(clients, newClient(t, fmt.Sprintf("http://qem%d.test", i), WithTransport(serve),
					WithLargeBodies(bodies),
					WithTimeout(5*time.Second), WithRetries(0)))
			}
			for round := range 2 {
				requests.Store(0)
				turn := atomic.Int32{}
				done := make(chan struct{})
				go func() { // one slot reads; the other is free while those wait that are known to be large
					defer close(done)
					time.Sleep(50 * time.Millisecond)
					started := time.Now()
					if _, err := clients[0].Servers.List(WithGate(t.Context(), gate)); err != nil {
						t.Error(err)
					}
					if took := time.Since(started); took > 100*time.Millisecond && (announced || round > 0) {
						t.Errorf("a small call waited %v for a slot", took)
					}
				}()
				failed, err := together(12, func() error {
					i := turn.Add(1)
					_, err := clients[i%3].Tasks.List(WithGate(t.Context(), gate), fmt.Sprint("s", i))
					return err
				})
				<-done
				if failed > 0 || most.Load() != 1 {
					t.Fatalf("announced %v, round %d: %d failed, %d read at once: %v", announced, round, failed, most.Load(), err)
				}
				if want := int32(12); requests.Load() != want && (announced || round > 0) {
					t.Errorf("announced %v, round %d: %d requests, want %d", announced, round, requests.Load(), want)
				}
			}
		})
	}
}
