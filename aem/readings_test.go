package aem

import (
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

var exact = cmp.AllowUnexported(Number{}, Bool{}, Duration{})

func usable(err error) bool { return err == nil || errors.As(err, new(partialFault)) }

// in reads a body as one of the readings does.
func in[T any](read reading[T], body io.Reader) (T, error) {
	var v, none T
	err := read(wire.NewScanner(body), &v)
	if !usable(err) {
		return none, err
	}
	return v, err
}

// one is in for an answer about one object.
func one[T any](read reading[T]) func(io.Reader) (*T, error) {
	return func(body io.Reader) (*T, error) {
		v, err := in(read, body)
		if err != nil {
			return nil, err
		}
		return &v, nil
	}
}

// all is in for a list.
func all[T any](read reading[[]T]) func(io.Reader) ([]T, error) {
	return func(body io.Reader) ([]T, error) { return in(read, body) }
}

var (
	decodeServerList    = all(readServerList)
	decodeServerDetails = one(readServerDetails)
	decodeTaskList      = all(listOf(taskInfoTable, "taskList"))
	decodeTaskDetails   = one(readTaskDetails)
	decodeTableList     = all(listOf(tableInfoTable, "tablelist"))
	decodeEndpointList  = all(listOf(endpointTable, "endpointList"))
	decodeTaskResult    = one(readTaskResult)
	decodeEndpointTest  = one(readEndpointTest)
	decodeSelection     = one(readTableSelection)
	decodeBarrier       = one(readRetentionBarrier)
	decodeACL           = one(readACL)
)

func decodeServerDefinition(r io.Reader) (*ServerDefinition, error) {
	m, err := one(readServerMessage)(r)
	if err != nil {
		return nil, err
	}
	m.Password = NewPassword(m.Secret)
	return &m.ServerDefinition, nil
}

func decodeTableStatuses(r io.Reader, visit func(*TableStatus) error) error {
	s := wire.NewScanner(r)
	s.Most = wire.MaxPassed
	return tableStatusTable.List(s, "table_details", visit)
}

// tables collects what decodeTableStatuses visits.
func tables(r io.Reader) ([]TableStatus, error) {
	var all []TableStatus
	err := decodeTableStatuses(r, func(t *TableStatus) error {
		all = append(all, *t)
		return nil
	})
	return all, err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
