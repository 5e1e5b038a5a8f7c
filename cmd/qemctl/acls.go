package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/qem-exporter/qem_exporter/aem"
)

// aclFlags name the object of an ACL.
type aclFlags struct {
	server, task, endpoint, file string
	tasks, endpoints             bool
}

func (f *aclFlags) target() (aem.ACLTarget, error) {
	var targets []aem.ACLTarget
	if f.task != "" {
		targets = append(targets, aem.TaskACL(aem.TaskRef{Server: f.server, Task: f.task}))
	}
	if f.tasks {
		targets = append(targets, aem.TasksACL(f.server))
	}
	if f.endpoint != "" {
		targets = append(targets, aem.EndpointACL(aem.EndpointRef{Server: f.server, Endpoint: f.endpoint}))
	}
	if f.endpoints {
		targets = append(targets, aem.EndpointsACL(f.server))
	}
	switch len(targets) {
	case 0:
		return aem.ServerACL(f.server), nil
	case 1:
		return targets[0], nil
	}
	return aem.ACLTarget{}, errors.New("give one of --task, --tasks, --endpoint and --endpoints")
}

func (c *command) otherCommands() {
	f := &aclFlags{}
	acl := c.command(c.app, "acl", "Shows and changes explicit permissions.", nil)
	get := c.command(acl, "get", "Prints the explicit ACL as JSON, for acl set.", func(ctx context.Context) error {
		target, err := f.target()
		if err != nil {
			return err
		}
		acl, err := c.client.ACLs.Get(ctx, target)
		if err != nil {
			return err
		}
		return c.json(acl)
	})
	set := c.command(acl, "set", "Replaces the explicit ACL.", func(ctx context.Context) error { return c.setACL(ctx, f) })
	set.Flag("file", "The ACL; - is the standard input.").Short('f').Required().StringVar(&f.file)
	for _, clause := range []*kingpin.CmdClause{get, set} {
		serverArg(clause, &f.server)
		clause.Flag("task", "Of this task.").StringVar(&f.task)
		clause.Flag("tasks", "Of all tasks of the server.").BoolVar(&f.tasks)
		clause.Flag("endpoint", "Of this endpoint.").StringVar(&f.endpoint)
		clause.Flag("endpoints", "Of all endpoints of the server.").BoolVar(&f.endpoints)
	}

	var since time.Duration
	var file string
	audit := c.command(c.app, "audit", "Exports the audit trail.", func(ctx context.Context) error {
		trail, err := c.client.Audit.Export(ctx, time.Now().Add(-since), time.Time{}, c.bytes("exported"))
		if err != nil {
			return err
		}
		return errors.Join(c.save(file, trail), trail.Close())
	})
	audit.Flag("since", "How far back.").Default("24h").DurationVar(&since)
	audit.Flag("file", "Where to; without it the standard output.").Short('f').StringVar(&file)
}

func (c *command) setACL(ctx context.Context, f *aclFlags) error {
	target, err := f.target()
	if err != nil {
		return err
	}
	file, err := c.open(f.file)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	acl := &aem.ACL{}
	if err := json.Unmarshal(text, acl); err != nil {
		return err
	}
	if err := acl.Validate(); err != nil {
		return err
	}
	var who []string
	for role, p := range acl.Roles() {
		for _, name := range append(append([]string{}, p.Users...), p.Groups...) {
			who = append(who, name+" "+string(role))
		}
	}
	return c.change(func() error { return c.client.ACLs.Put(ctx, target, acl) }, "replace the ACL by: %s",
		strings.Join(who, ", "))
}
