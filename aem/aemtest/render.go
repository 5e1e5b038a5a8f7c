package aemtest

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// What the simulator says is what package aem reads, written by the same tables.
var (
	serverInfoTable    = wire.NewTable[aem.ServerInfo]()
	serverDetailsTable = wire.NewTable[aem.ServerDetails]()
	taskInfoTable      = wire.NewTable[aem.TaskInfo]()
	taskDetailsTable   = wire.NewTable[aem.TaskDetails]()
	taskResultTable    = wire.NewTable[aem.TaskResult]()
	tableInfoTable     = wire.NewTable[aem.TableInfo]()
	tableStatusTable   = wire.NewTable[aem.TableStatus]()
	endpointTable      = wire.NewTable[aem.Endpoint]()
	endpointTestTable  = wire.NewTable[aem.EndpointTest]()
	selectionTable     = wire.NewTable[aem.TableSelection]()
	barrierTable       = wire.NewTable[aem.RetentionBarrier]()
	cloneTable         = wire.NewTable[clone]()
	serverMessageTable = wire.NewTable[serverMessage]()
	aclTable           = wire.NewTable[aem.ACL]()
	collectionTable    = wire.NewTable[collectionACL]()
)

func (s Shape) style() wire.Style { return wire.RealWorld + wire.Style(s) }

func (c *call) writer() *wire.Writer { return wire.NewWriter(c.buffer(), c.opts.Shape.style()) }

func (c *call) say(w *wire.Writer) error {
	c.out = w.B
	return nil
}

func said[T any](c *call, table *wire.Table[T], v *T) error {
	w := c.writer()
	table.Write(w, v)
	return c.say(w)
}

// list answers with a list of what each writes.
func (c *call) list(envelope string, each func(w *wire.Writer)) error {
	w := c.writer()
	w.Open()
	w.List(envelope)
	each(w)
	w.EndList()
	w.Close()
	return c.say(w)
}

// decode reads the body of the call, which the API calls so.
func (c *call) decode(into any, kind string) error {
	if err := decodeJSON(c.body, into); err != nil {
		return c.undecoded(kind, err.Error())
	}
	return nil
}

// decoded reads the body of the call by a table of package aem.
func decoded[T any](c *call, table *wire.Table[T], into *T, kind string) error {
	if err := table.Unmarshal(c.body, into); err != nil {
		return c.undecoded(kind, err.Error())
	}
	return nil
}

// decodeJSON reads one value of JSON, which may follow a byte order mark; nothing
// may follow it.
func decodeJSON(b []byte, into any) error {
	return json.Unmarshal(bytes.TrimPrefix(b, []byte(wire.ByteOrderMark)), into)
}

// kind is the word that begins a server's $type.
func (v *ServerState) kind() string {
	if v.Product == aem.Compose {
		return "Compose"
	}
	return "Replicate"
}

func serverRow(w *wire.Writer, v *ServerState) {
	w.Open()
	w.Str("$type", v.kind()+"ServerInfo")
	serverInfoTable.Members(w, &aem.ServerInfo{
		Name: v.Name, Description: v.Description, Host: v.Host, Port: v.Port, State: v.State, Message: v.Message,
		Platform: v.Platform, Version: v.Version, LastConnection: v.LastConnection,
	})
	serverType(w, v)
	w.Close()
}

// serverType writes the member type, which only present releases have.
func serverType(w *wire.Writer, v *ServerState) {
	if w.Style == wire.RealWorld {
		w.Str("type", strings.ToUpper(v.kind()))
	}
}

func serverInDetail(w *wire.Writer, v *ServerState) {
	w.Open()
	if w.Style == wire.Guide {
		w.Object("serverDetails")
	} else {
		w.Object("server_details")
	}
	w.Str("$type", v.kind()+"ServerDetails")
	serverDetailsTable.Members(w, &v.ServerDetails)
	serverType(w, v)
	w.Close()
	w.Close()
}

// taskInDetail writes a task in detail, in the envelope that old releases have.
func taskInDetail(w *wire.Writer, v *Task) {
	w.Product = string(v.Product)
	w.Open()
	if w.Style == wire.Legacy {
		w.Object("task")
		defer w.Close()
	}
	switch {
	case w.Style == wire.Guide && v.Product == aem.Replicate:
		w.Str("type", "ReplicateTaskInfoDetailed")
	case w.Style != wire.Legacy:
		w.Str("$type", v.Type)
	}
	taskDetailsTable.Members(w, &v.TaskDetails)
	w.Close()
}

// collectionACL is the ACL of a collection, which does not say whether it inherits.
type collectionACL struct {
	Admin    aem.Principals `api:"admin_role"`
	Designer aem.Principals `api:"designer_role"`
	Operator aem.Principals `api:"operator_role"`
	Viewer   aem.Principals `api:"viewer_role"`
	None     aem.Principals `api:"none"`
}

type serverMessage struct {
	Class                string `api:"$type"`
	aem.ServerDefinition `api:",inline"`
	Secret               string `api:"password"`
}
