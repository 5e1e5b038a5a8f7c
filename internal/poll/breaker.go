package poll

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// patience is how many attempts in a row may go without an answer before a server
// is given up for the rest of a poll.
const patience = 3

// breaker counts efforts that failed in one way, one after another. Only those count
// that started after the last answer, and they must not all be about one subject: a
// hanging task among healthy ones never costs more than itself.
type breaker struct {
	symptom  error // the sentinel of the failures that count
	patience int

	mu         sync.Mutex
	suspicious bool // until the first answer, a single failure is enough
	lastAnswer time.Time
	failed     int
	subject    string // of the first failure
	several    bool   // another failure was about another subject
}

// note takes note of one effort and reports whether patience is at its end.
func (b *breaker) note(subject string, started time.Time, err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case answered(err):
		b.lastAnswer, b.suspicious = time.Now(), false
		b.forget()
	case errors.Is(err, b.symptom) && !started.Before(b.lastAnswer):
		if b.failed == 0 {
			b.subject = subject
		}
		b.several = b.several || subject != b.subject
		b.failed++
	}
	if b.failed == 0 || !b.suspicious && (b.failed < b.patience || !b.several) {
		return false
	}
	b.forget()
	return true
}

// suspect makes a single failure enough until the next answer.
func (b *breaker) suspect() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.suspicious = true
}

func (b *breaker) forget() { b.failed, b.several = 0, false }

// answered reports whether an effort got an answer, be it an error of the API or
// nonsense.
func answered(err error) bool {
	for _, unanswered := range []error{aem.ErrTimeout, aem.ErrConnection, aem.ErrTLS, aem.ErrLogin, context.Canceled} {
		if errors.Is(err, unanswered) {
			return false
		}
	}
	return true
}
