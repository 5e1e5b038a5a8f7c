package aemtest

import "time"

// tableCall is a call that names one table of a task.
type tableCall struct {
	srv   *server
	t     *task
	task  Task // as it is
	table Table
	key   tableKey
}

// tableCall finds the table of a call; code and word are those of its errors.
func (s *Simulator) tableCall(c *call, code, word string) (tableCall, *answer) {
	fail := func(a answer) (tableCall, *answer) { return tableCall{}, &a }
	srv, t, e := s.replicateTask(c)
	if e != nil {
		return fail(s.fail(*e))
	}
	x := tableCall{srv: srv, t: t, key: tableKey{c.query.Get("schema"), c.query.Get("table")}}
	switch {
	case !c.query.Has("schema"):
		return fail(s.missing("schema"))
	case x.key.name == "":
		return fail(s.missing("table"))
	}
	now := s.Now()
	x.task = t.withTables(now)
	if x.task.Source.Type == "File Channel" {
		return fail(s.failed("AEM_INVALID_TASK_NT_NTSUPPEP",
			"Failed to %s table as this operation is not supported with the File Channel source endpoint.", word))
	}
	for _, v := range x.task.Tables {
		if v.Schema == x.key.schema && v.Name == x.key.name {
			x.table = v
			return x, nil
		}
	}
	return fail(s.tableError(c, code, word, "the table is not part of the task"))
}

func (s *Simulator) tableError(c *call, code, word, reason string) answer {
	return s.failed(code, "Failed to %s table %s.%s for replication task %s on server %s: %s",
		word, c.query.Get("schema"), c.query.Get("table"), c.task, c.server, reason)
}

// touch remembers what a call has made of a table.
func (x *tableCall) touch(s tableSteer) {
	if x.t.touched == nil {
		x.t.touched = make(map[tableKey]tableSteer)
	}
	x.t.touched[x.key] = s
	x.t.imposeStatus()
}

func (s *Simulator) reloadTable(c *call) answer {
	const code, word = "AEM_RELOAD_TABLE_ERR", "reload"
	x, bad := s.tableCall(c, code, word)
	if bad != nil {
		return *bad
	}
	v := &x.task
	if options := v.ApplyChanges || v.StoreChanges || v.AuditChanges; !v.FullLoadEnabled && options {
		return s.failed("AEM_INVALID_TASK_NOT_FL", "Failed to reload table %s as Full Load is not enabled for task %s.",
			x.key.name, v.Name)
	}
	if v.State != Running {
		return s.tableError(c, code, word, "the task is not running")
	}
	own := x.t.ownTime(s.Now())
	steer := tableSteer{at: own, loads: true, lasts: customLoad, before: x.table.Changes}
	if !x.t.custom {
		p := x.t.life.plan.find(x.key.schema, x.key.name)
		part := time.Duration((p.end - p.begin) * float64(x.t.life.load.lasts))
		steer.lasts = min(max(part, 5*time.Second), 2*time.Minute)
		steer.before.add(x.t.forgotten(x.key))
	}
	x.touch(steer)
	return s.void()
}

// forgotten are the changes of a table that do not count since it was reloaded.
func (t *task) forgotten(k tableKey) CDC {
	s := t.touched[k]
	if t.life.restarted != nil && s.at < *t.life.restarted {
		return CDC{}
	}
	return s.before
}

func (c *CDC) add(x CDC) {
	c.Inserts += x.Inserts
	c.Updates += x.Updates
	c.Deletes += x.Deletes
	c.DDL += x.DDL
}

func (s *Simulator) resumeTable(c *call) answer {
	const code, word = "AEM_UNSPEND_TABLE_ERR", "unsuspend"
	x, bad := s.tableCall(c, code, word)
	if bad != nil {
		return *bad
	}
	switch {
	case x.table.State != TableError:
		return s.tableError(c, code, word, "the table is not suspended")
	case x.task.FullLoadEnabled && x.task.ApplyChanges && x.suspendedInLoad():
		return s.tableError(c, code, word, "the table was suspended during full load and must be reloaded")
	}
	x.touch(tableSteer{at: x.t.ownTime(s.Now()), before: x.t.forgotten(x.key)})
	return s.void()
}

// suspendedInLoad reports whether the table could not be loaded.
func (x *tableCall) suspendedInLoad() bool {
	if x.t.custom {
		return !x.table.Start.IsZero() && x.table.End.IsZero()
	}
	for i := range x.t.life.broken {
		if p := &x.t.life.plan.tables[i]; p.schema == x.key.schema && p.name == x.key.name {
			return true
		}
	}
	return false
}
