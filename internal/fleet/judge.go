package fleet

import (
	"slices"
	"time"
)

// NormalStops are the reasons for which a task stops without anything being wrong. Every
// other one is abnormal, also one that nobody knows yet. Rules and dashboards have them too.
func NormalStops() []string {
	return []string{"none", "normal", "full_load_only_finished", "stopped_after_full_load",
		"stopped_after_cached_events", "stopped_after_ddl_apply"}
}

// AbnormalStop tells whether a task that stopped for the reason did not stop in good order.
func AbnormalStop(reason string) bool {
	return reason != "" && !slices.Contains(NormalStops(), reason)
}

// LicenseWarning is how long before its end a licence needs attention.
const LicenseWarning = 30 * 24 * time.Hour
