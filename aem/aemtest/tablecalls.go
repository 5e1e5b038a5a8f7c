package aemtest

import (
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// tableCall is a call that names one table of a task.
type tableCall struct {
	*call
	code  string
	key   tableKey
	v     Task // as it is
	table *aem.TableStatus
}

// tableCall finds the table of the call; code is that of its errors.
func (c *call) tableCall(code string) (*tableCall, error) {
	x := &tableCall{call: c, code: code, key: tableKey{c.query.Get("schema"), c.query.Get("table")}}
	switch {
	case !c.query.Has("schema"):
		return nil, c.missing("schema")
	case x.key.name == "":
		return nil, c.missing("table")
	}
	x.v = c.t.withTables(c.Now())
	if x.v.Source.Type == "File Channel" {
		return nil, c.failed("AEM_INVALID_TASK_NT_NTSUPPEP")
	}
	x.table = first(x.v.Tables, func(v *aem.TableStatus) bool { return keyOf(v) == x.key })
	if x.table == nil {
		return nil, x.refused("the table is not part of the task")
	}
	return x, nil
}

func (x *tableCall) refused(reason string) error { return x.failed(x.code, "{reason}", reason) }

// touch remembers what a call has made of a table.
func (x *tableCall) touch(s tableSteer) {
	if x.t.touched == nil {
		x.t.touched = make(map[tableKey]tableSteer)
	}
	x.t.touched[x.key] = s
	x.t.imposeStatus()
}

func (c *call) reloadTable() error {
	x, err := c.tableCall("AEM_RELOAD_TABLE_ERR")
	if err != nil {
		return err
	}
	v := &x.v
	if !v.Options.FullLoad.True() && changes(&v.Options) {
		return c.failed("AEM_INVALID_TASK_NOT_FL")
	}
	if v.State != aem.TaskRunning {
		return x.refused("the task is not running")
	}
	steer := tableSteer{at: c.t.ownTime(c.Now()), loads: true, lasts: customLoad, before: x.table.CDC}
	if !c.t.custom {
		p := c.t.life.plan.find(x.key)
		part := time.Duration((p.end - p.begin) * float64(c.t.life.load.lasts))
		steer.lasts = min(max(part, 5*time.Second), 2*time.Minute)
		addChanges(&steer.before, c.t.forgotten(x.key), 1)
	}
	x.touch(steer)
	return nil
}

// forgotten are the changes of a table that do not count since it was reloaded.
func (t *task) forgotten(k tableKey) aem.TableCDC {
	s := t.touched[k]
	if t.life.restarted != nil && s.at < *t.life.restarted {
		return aem.TableCDC{}
	}
	return s.before
}

func (c *call) resumeTable() error {
	x, err := c.tableCall("AEM_UNSPEND_TABLE_ERR")
	switch {
	case err != nil:
		return err
	case x.table.State != aem.TableError:
		return x.refused("the table is not suspended")
	case x.v.Options.FullLoad.True() && x.v.Options.ApplyChanges.True() && x.suspendedInLoad():
		return x.refused("the table was suspended during full load and must be reloaded")
	}
	x.touch(tableSteer{at: c.t.ownTime(c.Now()), before: c.t.forgotten(x.key)})
	return nil
}

// suspendedInLoad reports whether the table could not be loaded.
func (x *tableCall) suspendedInLoad() bool {
	if x.t.custom {
		return !x.table.FullLoad.Start.IsZero() && x.table.FullLoad.End.IsZero()
	}
	broken := plan{x.t.life.plan.tables[:min(x.t.life.broken, len(x.t.life.plan.tables))]}
	return broken.find(x.key) != nil
}
