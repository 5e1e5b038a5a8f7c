package aem

import (
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

var exact = cmp.AllowUnexported(Number{}, Bool{}, Duration{})

func usable(err error) bool { return wire.Usable(err) }

// in reads a body as one of the readings does.
func in[T any](read reading[T], body io.Reader) (T, error) { return read(wire.NewScanner(body)) }

func decodeServerList(r io.Reader) ([]ServerInfo, error) {
	return in(listOf(serverInfoTable, "serverList"), r)
}

func decodeServerDetails(r io.Reader) (*ServerDetails, error) {
	return in(detailsOf(serverDetailsTable, "serverdetails", false), r)
}

func decodeServerDefinition(r io.Reader) (*ServerDefinition, error) {
	m, err := in(objectOf(serverMessageTable, (*serverMessage).check), r)
	if err != nil {
		return nil, err
	}
	m.Password = NewPassword(m.Secret)
	return &m.ServerDefinition, nil
}

func decodeTaskList(r io.Reader) ([]TaskInfo, error) { return in(listOf(taskInfoTable, "taskList"), r) }

func decodeTaskDetails(r io.Reader) (*TaskDetails, error) {
	return in(detailsOf(taskDetailsTable, "task", true), r)
}

func decodeTableList(r io.Reader) ([]TableInfo, error) {
	return in(listOf(tableInfoTable, "tablelist"), r)
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

func decodeEndpointList(r io.Reader) ([]Endpoint, error) {
	return in(listOf(endpointTable, "endpointList"), r)
}

func decodeTaskResult(r io.Reader) (*TaskResult, error) {
	return in(objectOf(taskResultTable, (*TaskResult).check), r)
}

func decodeEndpointTest(r io.Reader) (*EndpointTest, error) {
	return in(objectOf(endpointTestTable, (*EndpointTest).check), r)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
