package aem

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/qem-exporter/qem_exporter/aem/internal/wire"
)

// What the steps below the methods know of an answer.
type (
	apiFault     = wire.APIFault
	decodeFault  = wire.DecodeFault
	partialFault = wire.PartialFault
)

// A reading reads the body of an answer.
type reading[T any] func(*wire.Scanner, *T) error

// listOf is an answer that is but a list, of its elements that make sense.
func listOf[T any](table *wire.Table[T], envelope string) reading[[]T] {
	return func(s *wire.Scanner, list *[]T) error {
		return table.List(s, envelope, func(element *T) error {
			*list = append(*list, *element)
			return nil
		})
	}
}

// fetch makes a call whose answer read understands. A list of which some elements make no
// sense is an error, unless the caller or the client wants the others.
func fetch[T any](ctx context.Context, core *core, opts []CallOption, c *call, read reading[T]) (v T, err error) {
	err = fetchInto(ctx, core, opts, c, read, &v)
	return v, err
}

// fetchOne is fetch for an answer about one object.
func fetchOne[T any](ctx context.Context, core *core, opts []CallOption, c *call, read reading[T]) (*T, error) {
	v := new(T)
	if err := fetchInto(ctx, core, opts, c, read, v); err != nil {
		return nil, err
	}
	return v, nil
}

func fetchInto[T any](ctx context.Context, core *core, opts []CallOption, c *call, read reading[T], to *T) error {
	scanner, _ := core.scanners.Get().(*wire.Scanner)
	scanner = cmp.Or(scanner, &wire.Scanner{})
	defer core.scanners.Put(scanner)
	c.decode = func(_ http.Header, r io.Reader) error {
		scanner.Reset(r)
		*to = *new(T)
		return read(scanner, to)
	}
	err := core.do(ctx, opts, c)
	partial := errors.Is(err, ErrPartial)
	switch {
	case err == nil && c.skipped != nil:
		*c.skipped = 0
	case partial && c.skipped != nil:
		*c.skipped, err = scanner.Skipped(), nil
	case err != nil && !(partial && core.partial):
		*to = *new(T)
		return err
	}
	core.tellUnreadable(c, scanner.Problems())
	return err
}

// Unreadable is a value of an answer that cannot be read as the number, the time or the
// like that it should be, and is absent therefore.
type Unreadable struct {
	Operation    string // the API method
	Server, Task string // that were asked about, or "" in a list of all
	Object       string // the element of the list that it is in
	Field        string // the API's name, such as cdc_latency.source_latency
	Text         string // the beginning of what stands there
}

// UnreadableObserver is an Observer that wants to know of values that cannot be read.
type UnreadableObserver interface {
	Observer
	Unreadable(Unreadable)
}

func (c *core) tellUnreadable(call *call, problems []wire.Problem) {
	observer, ok := c.session.observer.(UnreadableObserver)
	if !ok {
		return
	}
	for _, p := range problems {
		u := Unreadable{Operation: call.operation, Object: p.Object, Field: p.Field,
			Text: c.session.scrub.clean(p.Text, maxMessage)}
		for i := 0; i+1 < len(call.path); i += 2 {
			switch call.path[i] {
			case "servers":
				u.Server = call.path[i+1]
			case "tasks":
				u.Task = call.path[i+1]
			}
		}
		observer.Unreadable(u)
	}
}

// wrongObject says that an answer is about something else than was asked: a proxy has
// confused two answers.
type wrongObject struct{ asked, got string }

func (w wrongObject) Error() string {
	return fmt.Sprintf("asked for %q, the answer is about %q", w.asked, w.got)
}

// named lets an answer through that is about what was asked, or does not say. Its name
// may differ by case and by blanks at its ends.
func named[T any](asked string, read reading[T], nameOf func(*T) []string) reading[T] {
	plain := func(name string) string { return strings.ToLower(strings.TrimSpace(name)) }
	return func(s *wire.Scanner, v *T) error {
		if err := read(s, v); err != nil {
			return err
		}
		names := nameOf(v)
		for _, name := range names {
			if name == "" || plain(name) == plain(asked) {
				return nil
			}
		}
		return wrongObject{asked, names[0]}
	}
}
