package exposition_test

import (
	"fmt"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
)

// discard takes everything; unlike io.Discard it offers no shortcuts.
type discard struct{}

func (discard) Write(data []byte) (int, error) { return len(data), nil }

// wideFamilies returns n families as an exporter has them: two thirds gauges.
func wideFamilies(n int) []*exposition.Family {
	families := make([]*exposition.Family, n)
	for i := range families {
		f := &exposition.Family{
			Name: fmt.Sprintf("qem_task_cdc_incoming_%02d_throughput_bytes_per_second", i),
			Help: "The throughput of incoming changes, in bytes per second; absent while the task is stopped.",
		}
		if i%3 == 2 {
			f.Name, f.Type = fmt.Sprintf("qem_task_cdc_applied_%02d_changes_total", i), exposition.Counter
		}
		families[i] = f
	}
	return families
}

// wideLabels returns the labels of entity i.
func wideLabels(i int) []string {
	return []string{
		"server", fmt.Sprintf("replicate-prod-%03d", i/200),
		"source", fmt.Sprintf("oracle_erp_%02d", i%17),
		"target", fmt.Sprintf("snowflake_dwh_%02d", i%11),
		"task", fmt.Sprintf("erp_to_dwh_finance_ledger_%05d", i),
	}
}

func wideRows(entities int) []exposition.LabelSet {
	rows := make([]exposition.LabelSet, entities)
	for i := range rows {
		rows[i] = exposition.NewLabelSet(wideLabels(i)...)
	}
	return rows
}

// wideValues mixes zeros, small and large integers, timestamps and decimals.
func wideValues(family, entities int) []float64 {
	values := make([]float64, entities)
	for i := range values {
		k := family*7919 + i*104729
		values[i] = [...]float64{0, float64(k % 100), float64(k % 10_000_000), 1760000000 + float64(k%100_000), float64(k%1_000_000) / 1000}[(family+i)%5]
	}
	return values
}

// wide returns a snapshot of so many families of so many entities.
func wide(families, entities int) *exposition.Snapshot {
	rows := wideRows(entities)
	b := exposition.NewBuilder()
	for i, f := range wideFamilies(families) {
		b.Add(f, rows, exposition.LabelSet{}, wideValues(i, entities))
	}
	s, _ := b.Build()
	return s
}
