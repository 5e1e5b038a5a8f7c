package aem

import (
	"io"
	"time"
)

// maxKnownKeys is more than a table has today.
const maxKnownKeys = 40

// decodeTableStatuses reads the body of GetTableStatuses and calls visit for each
// table, as soon as it is read. The *TableStatus is used again for the next one. It
// stops at the first error of visit, and returns it.
func decodeTableStatuses(r io.Reader, visit func(*TableStatus) error) error {
	s := newScanner(r)
	s.most, s.keys = maxPassed, make([]knownKey, 0, maxKnownKeys)
	var table TableStatus
	s.document(false, func(key []byte) bool {
		if string(key) != "tabledetails" {
			return false
		}
		s.list("table_details", func() bool {
			s.table(&table)
			if s.err != nil || table.Name == "" {
				return false
			}
			s.err = visit(&table)
			return true
		})
		return true
	})
	s.needList("table_details")
	return s.result()
}

// table reads one table. Names that are the same as others at hand are not copied
// again: the schemas of a task are few, and most tables keep their name.
func (s *scanner) table(to *TableStatus) {
	schema, targetSchema := to.Schema, to.TargetSchema
	*to = TableStatus{}
	s.object(func(key []byte) bool {
		switch string(key) {
		case "schemaonsource":
			s.text(&to.Schema, schema)
		case "tableonsource":
			s.text(&to.Name)
		case "schemaontarget":
			s.text(&to.TargetSchema, targetSchema, to.Schema)
		case "tableontarget":
			s.text(&to.TargetName, to.Name)
		case "state":
			enum(s, &to.State, tableState)
		case "dataerrorscount", "dataerrorcount":
			s.amount(&to.DataErrors)
		case "tablefullloadinfo":
			s.tableFullLoad(&to.FullLoad)
		case "tablecdcinfo":
			s.tableCDC(&to.CDC)
		default:
			return false
		}
		return true
	})
}

func (s *scanner) tableFullLoad(to *TableFullLoad) {
	s.object(func(key []byte) bool {
		switch string(key) {
		case "starttime":
			s.time(&to.Start)
		case "endtime":
			s.time(&to.End)
		case "estimatedrowcount":
			s.amount(&to.EstimatedRows)
		case "estimatedendtime":
			s.time(&to.EstimatedEnd)
		case "transferredrowcount":
			s.amount(&to.TransferredRows)
		case "transferredvolumemb":
			s.amount(&to.TransferredBytes)
		default:
			return false
		}
		return true
	})
}

func (s *scanner) tableCDC(to *TableCDC) {
	s.object(func(key []byte) bool {
		switch string(key) {
		case "insertcount":
			s.amount(&to.Inserts)
		case "updatecount":
			s.amount(&to.Updates)
		case "deletecount":
			s.amount(&to.Deletes)
		case "ddlcount":
			s.amount(&to.DDL)
		case "lastupdatetime":
			s.time(&to.LastUpdate)
		case "cachedinsertcount":
			s.amount(&to.CachedInserts)
		case "cachedupdatecount":
			s.amount(&to.CachedUpdates)
		case "cacheddeletecount":
			s.amount(&to.CachedDeletes)
		default:
			return false
		}
		return true
	})
}

// EstimateEnd says when the table's full load will end, by the guide's formula:
// start + estimated rows · (now − start) / transferred rows. It returns false for a
// table that is not loading or does not tell enough. The API's own estimate is
// always empty.
func (t TableStatus) EstimateEnd(now time.Time) (time.Time, bool) {
	load := t.FullLoad
	estimated, _ := load.EstimatedRows.Get()
	transferred, _ := load.TransferredRows.Get()
	if t.State != TableLoading || estimated <= 0 || transferred <= 0 ||
		load.Start.IsZero() || load.Start.After(now) {
		return time.Time{}, false
	}
	seconds := now.Sub(load.Start).Seconds() * estimated / transferred
	if seconds > maxDurationSeconds {
		return time.Time{}, false
	}
	end := load.Start.Add(durationOfSeconds(seconds))
	if end.Before(now) {
		end = now
	}
	return end, true
}
