package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/qem-exporter/qem_exporter/aem"
)

func (c *command) otherCommands() {
	acl := c.command(c.app, "acl", "Shows and changes explicit permissions.", nil)
	get := c.command(acl, "get", "Prints the explicit ACL as JSON, for acl set.", c.getACL)
	set := c.command(acl, "set", "Replaces the explicit ACL.", c.setACL)
	set.Flag("file", "The ACL; - is the standard input.").Short('f').Required().StringVar(&c.file)
	for _, clause := range []*kingpin.CmdClause{get, set} {
		c.serverArg(clause)
		clause.Flag("task", "Of this task.").StringVar(&c.task)
		clause.Flag("tasks", "Of all tasks of the server.").BoolVar(&c.allTasks)
		clause.Flag("endpoint", "Of this endpoint.").StringVar(&c.endpoint)
		clause.Flag("endpoints", "Of all endpoints of the server.").BoolVar(&c.allEndpoints)
	}

	audit := c.command(c.app, "audit", "Exports the audit trail.", func(ctx context.Context) error {
		return c.saveAll(c.client.Audit.Export(ctx, time.Now().Add(-c.since), time.Time{}, c.bytes("exported")))
	})
	audit.Flag("since", "How far back.").Default("24h").DurationVar(&c.since)
	audit.Flag("file", "Where to; without it the standard output.").Short('f').StringVar(&c.file)
}

// target is the object of an ACL.
func (c *command) target() (aem.ACLTarget, error) {
	var targets []aem.ACLTarget
	if c.task != "" {
		targets = append(targets, aem.TaskACL(c.ref()))
	}
	if c.allTasks {
		targets = append(targets, aem.TasksACL(c.server))
	}
	if c.endpoint != "" {
		targets = append(targets, aem.EndpointACL(aem.EndpointRef{Server: c.server, Endpoint: c.endpoint}))
	}
	if c.allEndpoints {
		targets = append(targets, aem.EndpointsACL(c.server))
	}
	switch len(targets) {
	case 0:
		return aem.ServerACL(c.server), nil
	case 1:
		return targets[0], nil
	}
	return aem.ACLTarget{}, errors.New("give one of --task, --tasks, --endpoint and --endpoints")
}

func (c *command) getACL(ctx context.Context) error {
	target, err := c.target()
	if err != nil {
		return err
	}
	acl, err := c.client.ACLs.Get(ctx, target)
	if err != nil {
		return err
	}
	return c.json(acl)
}

func (c *command) setACL(ctx context.Context) error {
	target, err := c.target()
	if err != nil {
		return err
	}
	acl := &aem.ACL{}
	err = c.read(func(file io.Reader) error {
		text, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, acl)
	})
	if err != nil {
		return err
	}
	if err := acl.Validate(); err != nil {
		return err
	}
	var who []string
	for role, p := range acl.Roles() {
		for _, name := range slices.Concat(p.Users, p.Groups) {
			who = append(who, name+" "+string(role))
		}
	}
	return c.change(func() error { return c.client.ACLs.Put(ctx, target, acl) }, "replace the ACL by: %s",
		strings.Join(who, ", "))
}
