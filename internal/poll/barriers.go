package poll

import (
	"context"
	"errors"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

const opBarrier = "GetChangeDataRetentionBarrier"

// prepareBarrier makes the errand for the task's retention barrier. It is sent when
// the details have told that the task stores changes: others have no barrier.
func (t *task) prepareBarrier() {
	s := t.server
	t.barrier = s.errand(errand{
		collector: collectBarriers, operation: opBarrier, object: t.info.Name, interval: s.round.options.RetentionBarriers,
		ask: func(ctx context.Context, found *finding) error {
			barrier, err := s.round.client.Tasks.RetentionBarrier(ctx, s.info.Name, t.info.Name)
			if saysNoBarrier(err) {
				return nil
			}
			if err == nil {
				found.barrier = convertBarrier(barrier)
			}
			return err
		},
	})
}

func (t *task) readBarrier() {
	switch {
	case t.barrier == nil || t.details == nil:
	case t.details.Options.StoreChanges.True() && taskProduct(t.details, t.server.info.Product) != aem.Compose:
		t.server.send(t.barrier)
	default:
		t.barrier = nil
	}
}

// saysNoBarrier reports whether err may be how the API says that a task has no barrier,
// which the guide leaves open. The error is counted among those of the API.
func saysNoBarrier(err error) bool {
	e, ok := errors.AsType[*aem.Error](err)
	return ok && e.HasCode(aem.CodeGetRetentionBarrierInnerErr)
}

// convertBarrier is nil for no barrier.
func convertBarrier(b *aem.RetentionBarrier) *fleet.RetentionBarrier {
	if b == nil || !b.IsSet() {
		return nil
	}
	return &fleet.RetentionBarrier{Application: b.Application, Time: unix(b.Point)}
}
