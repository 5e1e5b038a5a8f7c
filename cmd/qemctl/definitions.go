package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
)

func (c *command) definitionCommands() {
	export := c.command(c.app, "export", "Exports a task, or all of a server.", func(ctx context.Context) error {
		if c.task == "" {
			return c.saveAll(c.client.Servers.Export(ctx, c.server, c.bytes("exported")))
		}
		o := aem.ExportTaskOptions{Endpoints: c.withEndpoints}
		return c.saveAll(c.client.Tasks.Export(ctx, c.ref(), o, c.bytes("exported")))
	})
	c.serverArg(export)
	export.Arg("task", "The task.").StringVar(&c.task)
	export.Flag("file", "Where to; without it the standard output.").Short('f').StringVar(&c.file)
	export.Flag("with-endpoints", "The definitions of the task's endpoints too.").BoolVar(&c.withEndpoints)

	load := c.command(c.app, "import", "Imports a task, or all of an export.", func(ctx context.Context) error {
		return c.read(func(file io.Reader) error { return c.load(ctx, file) })
	})
	c.serverArg(load)
	load.Arg("task", "The task, by its new name; without it everything is imported.").StringVar(&c.task)
	load.Flag("file", "The export; - is the standard input.").Short('f').Required().StringVar(&c.file)
	load.Flag("rename", "OLD=NEW gives a task another name.").StringMapVar(&c.renames)
	load.Flag("map-endpoint", "OLD=NEW uses another endpoint.").StringMapVar(&c.maps)
}

// saveAll saves what is exported.
func (c *command) saveAll(export io.ReadCloser, err error) error {
	if err != nil {
		return err
	}
	return errors.Join(c.save(export), export.Close())
}

// bytes tells from time to time how much has passed.
func (c *command) bytes(verb string) aem.CallOption {
	next := time.Now().Add(time.Second)
	return aem.Progress(func(n int64) {
		if now := time.Now(); now.After(next) {
			next = now.Add(time.Second)
			c.progress("%d kB %s", n/1000, verb)
		}
	})
}

func (c *command) load(ctx context.Context, document io.Reader) error {
	if len(c.renames)+len(c.maps) > 0 {
		definition, err := aem.ReadDefinition(document)
		if err != nil {
			return err
		}
		for old, name := range c.renames {
			if err := definition.RenameTask(old, name); err != nil {
				return err
			}
		}
		for old, name := range c.maps {
			definition.MapEndpoint(old, name)
		}
		document = definition.Reader()
	}
	what := "all of " + c.file
	do := func() error { return c.client.Servers.Import(ctx, c.server, document, c.bytes("sent")) }
	if c.task != "" {
		what = fmt.Sprintf("%s of %s", c.task, c.file)
		do = func() error { return c.client.Tasks.Import(ctx, c.ref(), document, c.bytes("sent")) }
	}
	return c.change(do, "import %s to %s", what, c.server)
}
