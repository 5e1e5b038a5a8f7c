//go:build e2e

package alerts_test

import (
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

func TestProbe(t *testing.T) {
	c := &clock{origin: time.Now()}
	m := startManager(t, c)
	s := startStack(t, m)
	c.start()
	began := time.Now()
	for _, i := range aemtest.Incidents() {
		t.Log(i.Name, i.Begins, i.Begins+i.Lasts)
	}
	await(t, "", 2*time.Minute, func() bool { return c.since() > 520*time.Second })
	for _, x := range s.told.from(0) {
		if x.news {
			t.Logf("%v %s %s %s", x.began.Sub(began)*speed, x.receiver, x.status, x.alert)
		}
	}
}
