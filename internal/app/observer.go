package app

import (
	"sync"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/collector"
)

// observer counts the API calls of a manager. The collector hears of a new manager
// only when its unit is put in force, so it is asked at the first call.
type observer struct{ counters func() aem.Observer }

func newObserver(c *collector.Collector, manager string) observer {
	return observer{counters: sync.OnceValue(func() aem.Observer { return c.Observer(manager) })}
}

func (o observer) Request(operation string, status int, elapsed time.Duration) {
	o.counters().Request(operation, status, elapsed)
}
func (o observer) Failed(operation, reason string) { o.counters().Failed(operation, reason) }
func (o observer) Retry(operation string)          { o.counters().Retry(operation) }
func (o observer) Login(ok bool)                   { o.counters().Login(ok) }
