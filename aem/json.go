package aem

import (
	"fmt"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// Results marshal as the API writes them, with null for what is absent, and read back without
// loss. A definition of a server goes without its password.

func (a ACL) MarshalJSON() ([]byte, error) { return marshal(aclTable, &a) }

func (e Endpoint) MarshalJSON() ([]byte, error)     { return marshal(endpointTable, &e) }
func (e *Endpoint) UnmarshalJSON(data []byte) error { return unmarshal(endpointTable, data, e) }

func (t EndpointTest) MarshalJSON() ([]byte, error)     { return marshal(endpointTestTable, &t) }
func (t *EndpointTest) UnmarshalJSON(data []byte) error { return unmarshal(endpointTestTable, data, t) }

func (b RetentionBarrier) MarshalJSON() ([]byte, error) { return marshal(retentionBarrierTable, &b) }
func (b *RetentionBarrier) UnmarshalJSON(data []byte) error {
	return unmarshal(retentionBarrierTable, data, b)
}

func (d ServerDefinition) MarshalJSON() ([]byte, error) { return marshal(serverDefinitionTable, &d) }
func (d *ServerDefinition) UnmarshalJSON(data []byte) error {
	return unmarshal(serverDefinitionTable, data, d)
}

func (s ServerDetails) MarshalJSON() ([]byte, error) { return marshal(serverDetailsTable, &s) }
func (s *ServerDetails) UnmarshalJSON(data []byte) error {
	return unmarshal(serverDetailsTable, data, s)
}

func (s ServerInfo) MarshalJSON() ([]byte, error)     { return marshal(serverInfoTable, &s) }
func (s *ServerInfo) UnmarshalJSON(data []byte) error { return unmarshal(serverInfoTable, data, s) }

func (t TableInfo) MarshalJSON() ([]byte, error)     { return marshal(tableInfoTable, &t) }
func (t *TableInfo) UnmarshalJSON(data []byte) error { return unmarshal(tableInfoTable, data, t) }

func (s TableSelection) MarshalJSON() ([]byte, error) { return marshal(tableSelectionTable, &s) }
func (s *TableSelection) UnmarshalJSON(data []byte) error {
	return unmarshal(tableSelectionTable, data, s)
}

func (t TableStatus) MarshalJSON() ([]byte, error)     { return marshal(tableStatusTable, &t) }
func (t *TableStatus) UnmarshalJSON(data []byte) error { return unmarshal(tableStatusTable, data, t) }

func (t TaskDetails) MarshalJSON() ([]byte, error)     { return marshal(taskDetailsTable, &t) }
func (t *TaskDetails) UnmarshalJSON(data []byte) error { return unmarshal(taskDetailsTable, data, t) }

func (t TaskInfo) MarshalJSON() ([]byte, error)     { return marshal(taskInfoTable, &t) }
func (t *TaskInfo) UnmarshalJSON(data []byte) error { return unmarshal(taskInfoTable, data, t) }

func (r TaskResult) MarshalJSON() ([]byte, error)     { return marshal(taskResultTable, &r) }
func (r *TaskResult) UnmarshalJSON(data []byte) error { return unmarshal(taskResultTable, data, r) }

// marshal writes what the API returned as the API would, with null for what is absent.
func marshal[T any](table *wire.Table[T], v *T) ([]byte, error) {
	text, _ := table.Marshal(v, wire.Own)
	return text, nil
}

// unmarshal reads what marshal has written.
func unmarshal[T any](table *wire.Table[T], data []byte, to *T) error {
	*to = *new(T)
	if err := table.Unmarshal(data, to); err != nil {
		return fmt.Errorf("aem: not a %T: %w", *to, err)
	}
	return nil
}
