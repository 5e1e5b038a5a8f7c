package aem

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
)

// tableStatusesBody is an answer of GetTableStatuses with n tables.
func tableStatusesBody(n int) string {
	var b strings.Builder
	b.WriteString(`{"table_details":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		writeTableStatus(&b, i)
	}
	b.WriteString(`]}`)
	return b.String()
}

func writeTableStatus(w io.Writer, i int) {
	states := []string{"TABLE_QUEUED", "TABLE_LOADING", "TABLE_COMPLETED", "TABLE_CHANGE_PROCESSING", "TABLE_ERROR"}
	fmt.Fprintf(w, `{"schema_on_source":"SALES_%02[2]d","table_on_source":"ORDER_LINES_%05[1]d",`+
		`"schema_on_target":"sales_%02[2]d","table_on_target":"order_lines_%05[1]d",`+
		`"state":"%[3]s","data_errors_count":%[4]d,`+
		`"table_full_load_info":{"start_time":"2025-09-14T01:00:09","end_time":"2025-09-14T01:44:51",`+
		`"estimated_row_count":0,"estimated_end_time":null,"transferred_row_count":%[5]d,"transferred_volume_mb":%[6]d},`+
		`"table_cdc_info":{"insert_count":%[7]d,"update_count":%[8]d,"delete_count":%[4]d,"ddl_count":1,`+
		`"last_update_time":null,"cached_insert_count":0,"cached_update_count":0,"cached_delete_count":0}}`,
		i, i/500, states[i%len(states)], i%7, 40_122_004+i, 18_616_609_856+464*i, 88_120+i, 401_220+3*i)
}

// The shapes that a client without this package would decode into.
type plainStatuses struct {
	Tables []plainStatus `json:"table_details"`
}

type plainStatus struct {
	SchemaOnSource string  `json:"schema_on_source"`
	TableOnSource  string  `json:"table_on_source"`
	SchemaOnTarget string  `json:"schema_on_target"`
	TableOnTarget  string  `json:"table_on_target"`
	State          string  `json:"state"`
	DataErrors     float64 `json:"data_errors_count"`
	FullLoad       struct {
		Start            *string `json:"start_time"`
		End              *string `json:"end_time"`
		EstimatedRows    float64 `json:"estimated_row_count"`
		EstimatedEnd     *string `json:"estimated_end_time"`
		TransferredRows  float64 `json:"transferred_row_count"`
		TransferredBytes float64 `json:"transferred_volume_mb"`
	} `json:"table_full_load_info"`
	CDC struct {
		Inserts       float64 `json:"insert_count"`
		Updates       float64 `json:"update_count"`
		Deletes       float64 `json:"delete_count"`
		DDL           float64 `json:"ddl_count"`
		LastUpdate    *string `json:"last_update_time"`
		CachedInserts float64 `json:"cached_insert_count"`
		CachedUpdates float64 `json:"cached_update_count"`
		CachedDeletes float64 `json:"cached_delete_count"`
	} `json:"table_cdc_info"`
}

// An exporter reads hundreds of thousands of tables a minute: half of what the
// standard library allocates for one is the most that may be needed.
func TestTablesNeedFewAllocations(t *testing.T) {
	body := tableStatusesBody(1000)
	got := testing.AllocsPerRun(5, func() {
		must(t, decodeTableStatuses(strings.NewReader(body), func(*TableStatus) error { return nil }))
	})
	plain := testing.AllocsPerRun(5, func() {
		must(t, json.NewDecoder(strings.NewReader(body)).Decode(new(plainStatuses)))
	})
	if got > plain/2 {
		t.Errorf("%v allocations, encoding/json needs %v", got, plain)
	}
}

// streamTables makes an answer of GetTableStatuses while it is read.
func streamTables(tables int) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, _ = io.WriteString(w, `{"table_details":[`)
		for i := range tables {
			if i > 0 {
				_, _ = w.Write([]byte{','})
			}
			writeTableStatus(w, i)
		}
		_, _ = io.WriteString(w, `]}`)
		w.Close()
	}()
	return r
}
