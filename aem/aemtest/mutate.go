package aemtest

import (
	"fmt"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

// SetServerState puts a server in a state, with the message that goes with it,
// until it is set again; "" gives it back to its own life.
func (s *Simulator) SetServerState(name string, state aem.ServerState, message string) error {
	return s.changeServer(name, func(srv *server) {
		srv.forced = spell{window{begin: s.Now().Sub(srv.start), lasts: never}, state, message}
	})
}

// SetServer changes what the API says of a server: edit is called whenever the
// server is read, with its current values but for its tasks. It must give the
// same result each time and may not use the simulator.
func (s *Simulator) SetServer(name string, edit func(*ServerState)) error {
	return s.changeServer(name, func(srv *server) { srv.edits = append(srv.edits, edit) })
}

// AddServer adds a server with the tasks that v has; they stand still. What v
// leaves out is filled in: a Replicate server, monitored, with a licence; the
// summary and the utilisation follow from the tasks.
func (s *Simulator) AddServer(v ServerState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	srv := &server{start: s.opts.Start, static: v}
	x := &srv.static
	x.ServerDetails = given(v.ServerDetails)
	x.Tasks, x.Endpoints = nil, nil
	setDefault(&x.Product, aem.Replicate)
	setDefault(&x.Host, "custom.example.net")
	setDefault(&x.Port, "443")
	setDefault(&x.Platform, aem.PlatformWindows)
	setDefault(&x.State, aem.ServerMonitored)
	if x.Version == "" && x.State == aem.ServerMonitored {
		x.Version = newVersion
	}
	if v.License == (aem.License{}) {
		today := s.opts.Start.Truncate(24 * time.Hour)
		x.License = aem.License{
			State: aem.LicenseValid, Issued: today.AddDate(0, 0, -100), Expires: today.AddDate(0, 0, 200),
		}
	}
	srv.counted = v.TaskSummary != (aem.TaskSummary{}) || v.Utilization != (aem.Utilization{})
	for i := range v.Tasks {
		srv.addCustom(v.Tasks[i])
	}
	for _, acl := range []**aem.ACL{&x.ACL, &x.TasksACL, &x.EndpointsACL} {
		*acl = given(cloneACL(*acl))
	}
	for _, e := range v.Endpoints {
		srv.putEndpoint(e)
	}
	s.servers = append(s.servers, srv)
}

// RemoveServer removes a server.
func (s *Simulator) RemoveServer(name string) error {
	return s.changeServer(name, func(srv *server) { s.servers = without(s.servers, srv) })
}

// AddTask adds a task, which stands still, to a server. What v leaves out is
// filled in: the product of its server, running, no stop reason. A name may be
// added twice; the first one answers for it.
func (s *Simulator) AddTask(serverName string, v Task) error {
	return s.changeServer(serverName, func(srv *server) { srv.addCustom(v) })
}

// RemoveTask removes a task.
func (s *Simulator) RemoveTask(serverName, taskName string) error {
	return s.changeTask(serverName, taskName, func(srv *server, t *task) { srv.tasks = without(srv.tasks, t) })
}

// RenameTask gives a task another name; it goes on living.
func (s *Simulator) RenameTask(serverName, taskName, newName string) error {
	return s.changeTask(serverName, taskName, func(_ *server, t *task) { t.static.Name = newName })
}

// SetTask changes what the API says of a task: change is called whenever the task
// is read, with its current values and tables, so that what change leaves alone
// goes on living, until a call of the API changes it. It must give the same result each
// time, may not change the name, and may not use the simulator. Several edits apply in
// their order; nil takes back all of them.
func (s *Simulator) SetTask(serverName, taskName string, change func(*Task)) error {
	return s.changeTask(serverName, taskName, func(_ *server, t *task) {
		if change == nil {
			t.edits = nil
			return
		}
		t.edits = append(t.edits, edit{change})
	})
}

func (s *server) addCustom(v Task) {
	v = v.clone()
	setDefault(&v.Product, s.static.Product)
	v.TaskDetails, v.Tables, v.ACL = givenTask(v.TaskDetails), given(v.Tables), given(v.ACL)
	setDefault(&v.State, aem.TaskRunning)
	setDefault(&v.StopReason, aem.StopNone)
	if v.Product == aem.Compose {
		setDefault(&v.Type, "AemComposeDWTaskInfoDetailed")
		setDefault(&v.Profile, "Data Warehouse")
	} else {
		setDefault(&v.Type, "AemReplicateTaskInfoDetailed")
		setDefault(&v.Profile, "UNIDIRECTIONAL")
	}
	s.adopt(&v)
	s.tasks = append(s.tasks,
		&task{product: v.Product, start: s.start, static: v, custom: true, steer: newSteering()})
}

func setDefault[T ~string](v *T, preset T) {
	if *v == "" {
		*v = preset
	}
}

func (s *Simulator) changeServer(name string, change func(*server)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	srv := named(s.servers, name)
	if srv == nil {
		return fmt.Errorf("the simulated Enterprise Manager has no server %q", name)
	}
	change(srv)
	return nil
}

func (s *Simulator) changeTask(serverName, taskName string, change func(*server, *task)) error {
	var t *task
	err := s.changeServer(serverName, func(srv *server) {
		if t = named(srv.tasks, taskName); t != nil {
			change(srv, t)
		}
	})
	if err == nil && t == nil {
		err = fmt.Errorf("the simulated server %q has no task %q", serverName, taskName)
	}
	return err
}
