package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/qem-exporter/qem_exporter/aem"
)

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

	var server, file string
	var register bool
	license := c.command(c.app, "license", "Shows the licence of a server, or registers one.",
		func(ctx context.Context) error {
			if register {
				return c.putLicense(ctx, server, file)
			}
			d, err := c.client.Servers.Details(ctx, server)
			if err != nil {
				return err
			}
			return rows(c.printer, "SERVER STATE ISSUED EXPIRES DAYS", []*aem.ServerDetails{d},
				func(d *aem.ServerDetails) []any {
					l := d.License
					return []any{server, l.State, l.Issued, l.Expires, l.DaysToExpiration}
				})
		})
	serverArg(license, &server)
	license.Flag("file", "The licence to register; - is the standard input.").Short('f').
		IsSetByUser(&register).StringVar(&file)

	c.endpointCommands()
}

func serverArg(clause *kingpin.CmdClause, to *string) {
	clause.Arg("server", "The server.").Required().StringVar(to)
}

func (c *command) putLicense(ctx context.Context, server, file string) error {
	license, err := c.open(file)
	if err != nil {
		return err
	}
	defer license.Close()
	return c.change(func() error { return c.client.Servers.PutLicense(ctx, server, license) },
		"register the licence %s on %s", file, server)
}

func (c *command) endpointCommands() {
	endpoints := c.command(c.app, "endpoints", "Lists and tests endpoints.", nil)
	var server string
	list := c.command(endpoints, "list", "Lists the endpoints of a server.", func(ctx context.Context) error {
		list, err := c.client.Endpoints.List(ctx, server)
		if err != nil {
			return err
		}
		return rows(c.printer, "NAME ROLE TYPE LICENSED", list, func(e aem.Endpoint) []any {
			return []any{e.Name, e.Role, e.Type, e.Licensed}
		})
	})
	serverArg(list, &server)

	var names []string
	test := c.command(endpoints, "test", "Tests endpoints, all of a server unless some are named.",
		func(ctx context.Context) error {
			return c.testEndpoints(ctx, server, names)
		})
	serverArg(test, &server)
	test.Arg("endpoint", "The endpoints.").StringsVar(&names)
}

// A tested endpoint.
type tested struct {
	Endpoint string            `json:"endpoint"`
	Result   *aem.EndpointTest `json:"result"`
	Error    string            `json:"error,omitempty"`
}

func (c *command) testEndpoints(ctx context.Context, server string, names []string) error {
	if len(names) == 0 {
		list, err := c.client.Endpoints.List(ctx, server)
		if err != nil {
			return err
		}
		for _, e := range list {
			names = append(names, e.Name)
		}
	}
	var results []tested
	var bad error
	for _, name := range names {
		result, err := c.client.Endpoints.Test(ctx, aem.EndpointRef{Server: server, Endpoint: name}, 0)
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
