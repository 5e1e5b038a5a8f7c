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
	f := &taskFlags{}
	var endpoints bool
	export := c.command(c.app, "export", "Exports a task, or all of a server.", func(ctx context.Context) error {
		return c.export(ctx, f, endpoints)
	})
	serverArg(export, &f.server)
	export.Arg("task", "The task.").StringVar(&f.task)
	export.Flag("file", "Where to; without it the standard output.").Short('f').StringVar(&f.file)
	export.Flag("with-endpoints", "The definitions of the task's endpoints too.").BoolVar(&endpoints)

	renames, maps := map[string]string{}, map[string]string{}
	load := c.command(c.app, "import", "Imports a task, or all of an export.", func(ctx context.Context) error {
		return c.load(ctx, f, renames, maps)
	})
	serverArg(load, &f.server)
	load.Arg("task", "The task, by its new name; without it everything is imported.").StringVar(&f.task)
	load.Flag("file", "The export; - is the standard input.").Short('f').Required().StringVar(&f.file)
	load.Flag("rename", "OLD=NEW gives a task another name.").StringMapVar(&renames)
	load.Flag("map-endpoint", "OLD=NEW uses another endpoint.").StringMapVar(&maps)
}

func (c *command) export(ctx context.Context, f *taskFlags, endpoints bool) error {
	var export io.ReadCloser
	var err error
	if f.task == "" {
		export, err = c.client.Servers.Export(ctx, f.server, c.bytes("exported"))
	} else {
		export, err = c.client.Tasks.Export(ctx, f.ref(), aem.ExportTaskOptions{Endpoints: endpoints}, c.bytes("exported"))
	}
	if err != nil {
		return err
	}
	return errors.Join(c.save(f.file, export), export.Close())
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

func (c *command) load(ctx context.Context, f *taskFlags, renames, maps map[string]string) error {
	file, err := c.open(f.file)
	if err != nil {
		return err
	}
	defer file.Close()
	var document io.Reader = file
	if len(renames)+len(maps) > 0 {
		definition, err := aem.ReadDefinition(file)
		if err != nil {
			return err
		}
		for old, name := range renames {
			if err := definition.RenameTask(old, name); err != nil {
				return err
			}
		}
		for old, name := range maps {
			definition.MapEndpoint(old, name)
		}
		document = definition.Reader()
	}
	what := "all of " + f.file
	do := func() error { return c.client.Servers.Import(ctx, f.server, document, c.bytes("sent")) }
	if f.task != "" {
		what = fmt.Sprintf("%s of %s", f.task, f.file)
		do = func() error { return c.client.Tasks.Import(ctx, f.ref(), document, c.bytes("sent")) }
	}
	return c.change(do, "import %s to %s", what, f.server)
}
