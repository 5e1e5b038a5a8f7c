package main

import (
	"context"
	"fmt"
	"io"

	"github.com/alecthomas/kingpin/v2"

	"github.com/qem-exporter/qem_exporter/aem"
)

func (c *command) serverArg(clause *kingpin.CmdClause) {
	clause.Arg("server", "The server.").Required().StringVar(&c.server)
}

func (c *command) serverCommands() {
	c.command(c.app, "servers", "Lists the servers.", func(ctx context.Context) error {
		list, err := c.client.Servers.List(ctx)
		if err != nil {
			return err
		}
		return rows(c.printer, "NAME PRODUCT STATE VERSION HOST MESSAGE", list, func(s aem.ServerInfo) []any {
			return []any{s.Name, s.Product, s.State, s.Version, s.Host, s.Message}
		})
	})

	license := c.command(c.app, "license", "Shows the licence of a server, or registers one.", c.license)
	c.serverArg(license)
	license.Flag("file", "The licence to register; - is the standard input.").Short('f').
		IsSetByUser(&c.register).StringVar(&c.file)

	endpoints := c.command(c.app, "endpoints", "Lists and tests endpoints.", nil)
	list := c.command(endpoints, "list", "Lists the endpoints of a server.", func(ctx context.Context) error {
		list, err := c.client.Endpoints.List(ctx, c.server)
		if err != nil {
			return err
		}
		return rows(c.printer, "NAME ROLE TYPE LICENSED", list, func(e aem.Endpoint) []any {
			return []any{e.Name, e.Role, e.Type, e.Licensed}
		})
	})
	c.serverArg(list)

	test := c.command(endpoints, "test", "Tests endpoints, all of a server unless some are named.", c.testEndpoints)
	c.serverArg(test)
	test.Arg("endpoint", "The endpoints.").StringsVar(&c.names)
}

func (c *command) license(ctx context.Context) error {
	if c.register {
		return c.read(func(license io.Reader) error {
			return c.change(func() error { return c.client.Servers.PutLicense(ctx, c.server, license) },
				"register the licence %s on %s", c.file, c.server)
		})
	}
	d, err := c.client.Servers.Details(ctx, c.server)
	if err != nil {
		return err
	}
	return rows(c.printer, "SERVER STATE ISSUED EXPIRES DAYS", []*aem.ServerDetails{d}, func(d *aem.ServerDetails) []any {
		return []any{c.server, d.License.State, d.License.Issued, d.License.Expires, d.License.DaysToExpiration}
	})
}

// A tested endpoint.
type tested struct {
	Endpoint string            `json:"endpoint"`
	Result   *aem.EndpointTest `json:"result"`
	Error    string            `json:"error,omitempty"`
}

func (c *command) testEndpoints(ctx context.Context) error {
	if len(c.names) == 0 {
		list, err := c.client.Endpoints.List(ctx, c.server)
		if err != nil {
			return err
		}
		for _, e := range list {
			c.names = append(c.names, e.Name)
		}
	}
	var results []tested
	var bad error
	for _, name := range c.names {
		result, err := c.client.Endpoints.Test(ctx, aem.EndpointRef{Server: c.server, Endpoint: name}, 0)
		t := tested{Endpoint: name, Result: result}
		switch {
		case err != nil:
			t.Error, bad = err.Error(), err
		case !result.OK() && bad == nil:
			bad = outcome{exitTaskFailed, fmt.Errorf("endpoint %q: %s", name, result.Message)}
		}
		c.progress("%s tested", name)
		results = append(results, t)
	}
	err := rows(c.printer, "ENDPOINT STATE MESSAGE", results, func(t tested) []any {
		if t.Result == nil {
			return []any{t.Endpoint, "", t.Error}
		}
		return []any{t.Endpoint, t.Result.State, t.Result.Message}
	})
	if err != nil {
		return err
	}
	return bad
}
