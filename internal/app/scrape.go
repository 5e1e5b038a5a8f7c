package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/prometheus/common/expfmt"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// Scrape polls every Enterprise Manager once, prints the metrics to out, tells problems in
// words what could not be read, and logs out. It fails when one was down, after the metrics
// of the others are printed.
func Scrape(ctx context.Context, o Options, out, problems io.Writer) error {
	if !o.Logger.Enabled(ctx, slog.LevelDebug) {
		o.Logger = slog.New(slog.DiscardHandler) // the problems are told below, once
	}
	return newFactory(o).scrape(ctx, out, problems)
}

func (f *factory) scrape(ctx context.Context, out, problems io.Writer) error {
	if err := f.options.checkShard(); err != nil {
		return err
	}
	g, err := f.load(nil)
	if err != nil {
		return err
	}
	views := g.pollOnce(ctx)
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted: nothing is printed")
	}
	if err := f.writeText(out); err != nil {
		return fmt.Errorf("print the metrics: %w", err)
	}
	var down []string
	visible := 0
	for _, m := range views {
		tellProblems(problems, m)
		visible += len(m.Servers)
		if f.options.TotalShards > 1 {
			visible += int(m.Listed.Or(0)) // they fall to other shards
		}
		if !m.Up {
			down = append(down, m.Name)
		}
	}
	for _, w := range g.config.Warnings() {
		fmt.Fprintf(problems, "warning: %s\n", w)
	}
	switch {
	case len(down) > 0:
		return fmt.Errorf("could not read %s", strings.Join(down, ", "))
	case visible == 0:
		return errors.New("nothing is visible: no server that the account may see is left by the filters")
	}
	return nil
}

// pollOnce reads everything that every unit has to see once, and ends its session.
func (g *generation) pollOnce(ctx context.Context) []*fleet.Manager {
	views := make([]*fleet.Manager, len(g.units))
	var polling sync.WaitGroup
	for i, u := range g.units {
		u.attach(u.newSamples())
		polling.Go(func() {
			_ = u.poller.Once(ctx) // what could not be read is in the view
			views[i] = u.poller.View()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), retireTimeout)
			defer cancel()
			// The session ends by itself; whether it did now is no finding of the poll.
			_ = u.close(ctx)
		})
	}
	polling.Wait()
	return views
}

// tellProblems says what could not be read, and what is a likely slip.
func tellProblems(w io.Writer, m *fleet.Manager) {
	tell := func(p *fleet.Problem) {
		where := m.Name
		if p.Server != "" {
			where += ": server " + printable(p.Server)
		}
		if p.Task != "" {
			where += ": task " + printable(p.Task)
		}
		fmt.Fprintf(w, "%s: %s\n", where, printable(p.Message))
	}
	if m.List.Problem != nil {
		tell(m.List.Problem)
	}
	for _, s := range m.Servers {
		for i := range s.Problems {
			tell(&s.Problems[i])
		}
		if rest := s.ProblemCount - len(s.Problems); rest > 0 {
			fmt.Fprintf(w, "%s: server %s: and %d more\n", m.Name, printable(s.Name), rest)
		}
	}
	for _, warning := range m.Warnings {
		fmt.Fprintf(w, "%s: warning: %s\n", m.Name, printable(warning))
	}
}

// writeText prints what a scrape of the daemon would give, without what is about
// its own process.
func (f *factory) writeText(w io.Writer) error {
	families, err := f.registry.Gather()
	for _, family := range families {
		if _, werr := expfmt.MetricFamilyToText(w, family); werr != nil {
			return errors.Join(err, werr)
		}
	}
	live, kept := f.collector.Current()
	return errors.Join(err, live.WriteText(w), kept.WriteText(w))
}

// printable is a text from the other side for a terminal: what would move its cursor or
// break the line is escaped.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// Terminal is a writer of lines for a terminal: label values of metrics are the other
// side's, and control characters in them would be obeyed.
type Terminal struct {
	To   io.Writer
	rest string // of a line that has not ended yet
}

func (t *Terminal) Write(p []byte) (int, error) {
	lines := strings.SplitAfter(t.rest+string(p), "\n")
	t.rest = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		if _, err := io.WriteString(t.To, printable(strings.TrimSuffix(line, "\n"))+"\n"); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
