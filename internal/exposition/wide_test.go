package exposition_test

import (
	"fmt"

	"github.com/qem-exporter/qem_exporter/internal/exposition"
)

// benchFamilies is how many families benchmarks have.
const benchFamilies = 45

// discard takes everything; unlike io.Discard it offers no shortcuts.
type discard struct{}

func (discard) Write(data []byte) (int, error) { return len(data), nil }

// wideFamilies returns n families as an exporter has them: two thirds gauges.
func wideFamilies(n int) []exposition.Family {
	families := make([]exposition.Family, n)
	for i := range families {
		f := exposition.Family{
			Columns: [][]string{nil},
			Name:    fmt.Sprintf("qem_task_cdc_incoming_%02d_throughput_bytes_per_second", i),
			Help:    "The throughput of incoming changes, in bytes per second; absent while the task is stopped.",
		}
		if i%3 == 2 {
			f.Name, f.Type = fmt.Sprintf("qem_task_cdc_applied_%02d_changes_total", i), exposition.Counter
		}
		families[i] = f
	}
	return families
}

var wideLabels = []string{"server", "source", "target", "task"}

// wideRow returns the labels of entity i.
func wideRow(i int) []string {
	return []string{
		fmt.Sprintf("replicate-prod-%03d", i/200), fmt.Sprintf("oracle_erp_%02d", i%17),
		fmt.Sprintf("snowflake_dwh_%02d", i%11), fmt.Sprintf("erp_to_dwh_finance_ledger_%05d", i),
	}
}

// wideValues mixes zeros, small and large integers, timestamps and decimals.
func wideValues(families, entities int) []float64 {
	values := make([]float64, 0, families*entities)
	for family := range families {
		for i := range entities {
			k := family*7919 + i*104729
			values = append(values, [...]float64{0, float64(k % 100), float64(k % 10_000_000), 1760000000 + float64(k%100_000),
				float64(k%1_000_000) / 1000}[(family+i)%5])
		}
	}
	return values
}

// wide returns a snapshot of so many families of so many entities.
func wide(families, entities int) *exposition.Snapshot {
	t := exposition.NewTable(wideLabels, wideFamilies(families))
	rows := make([]exposition.LabelSet, entities)
	for i := range rows {
		rows[i] = t.Row(none, wideRow(i)...)
	}
	block := t.Block(exposition.NewRows(nil, rows), wideValues(families, entities), nil)
	return exposition.NewSnapshot([]*exposition.Block{block})
}
