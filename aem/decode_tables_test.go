package aem

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

func TestManyTablesNeedLittleMemory(t *testing.T) {
	const count = 50_000
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, most, n := live(), int64(0), 0
	err := decodeTableStatuses(streamTables(count), func(*TableStatus) error {
		if n++; n%(count/10) == 0 {
			most = max(most, live()-before)
		}
		return nil
	})
	if err != nil || n != count {
		t.Fatalf("%d tables, %v", n, err)
	}
	if most > 1<<20 {
		t.Errorf("%d bytes in use while reading %d tables", most, count)
	}
}

func TestEstimateEnd(t *testing.T) {
	start := time.Date(2025, 10, 1, 9, 2, 0, 0, time.UTC)
	now := start.Add(10 * time.Minute)
	table := func(state TableState, start time.Time, estimated, transferred Number) TableStatus {
		return TableStatus{State: state, FullLoad: TableFullLoad{Start: start, EstimatedRows: estimated,
			TransferredRows: transferred}}
	}
	n := NumberOf
	tests := map[string]struct {
		table TableStatus
		want  time.Time
		ok    bool
	}{
		"T-31 half":           {table(TableLoading, start, n(2000), n(1000)), start.Add(20 * time.Minute), true},
		"past its estimate":   {table(TableLoading, start, n(1000), n(2000)), now, true},
		"starts now":          {table(TableLoading, now, n(1000), n(1)), now, true},
		"not loading":         {table(TableQueued, start, n(2000), n(1000)), time.Time{}, false},
		"completed":           {table(TableCompleted, start, n(2000), n(1000)), time.Time{}, false},
		"nothing transferred": {table(TableLoading, start, n(2000), n(0)), time.Time{}, false},
		"unknown transferred": {table(TableLoading, start, n(2000), Number{}), time.Time{}, false},
		"no estimate":         {table(TableLoading, start, n(0), n(10)), time.Time{}, false},
		"unknown estimate":    {table(TableLoading, start, Number{}, n(10)), time.Time{}, false},
		"no start":            {table(TableLoading, time.Time{}, n(20), n(10)), time.Time{}, false},
		"starts later":        {table(TableLoading, now.Add(1), n(20), n(10)), time.Time{}, false},
		"beyond all years":    {table(TableLoading, start, n(1e300), n(1)), time.Time{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := test.table.EstimateEnd(now)
			if !got.Equal(test.want) || ok != test.ok {
				t.Errorf("got %v, %v, want %v, %v", got, ok, test.want, test.ok)
			}
		})
	}
}

func TestTooManyElements(t *testing.T) {
	elements := func(element string, n int) string { return strings.TrimSuffix(strings.Repeat(element+",", n), ",") }
	servers := func(n int) error {
		_, err := decodeServerList(strings.NewReader(`{"serverList":[` + elements(`{"name":"s"}`, n) + `]}`))
		return err
	}
	tables := func(n int) error {
		return decodeTableStatuses(strings.NewReader(`{"table_details":[`+elements(`{"table_on_source":"t"}`, n)+`]}`),
			func(*TableStatus) error { return nil })
	}
	for name, test := range map[string]struct {
		decode func(int) error
		most   int
	}{"servers": {servers, wire.MaxHeld}, "tables": {tables, wire.MaxPassed}} {
		if err := test.decode(test.most); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err := test.decode(test.most + 1)
		if !errors.Is(err, errTooLarge) || !strings.Contains(err.Error(), fmt.Sprint(test.most)) {
			t.Errorf("%s: one more than %d: %v", name, test.most, err)
		}
	}
}
