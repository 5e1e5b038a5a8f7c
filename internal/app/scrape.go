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

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/collector"
	"github.com/qem-exporter/qem_exporter/internal/config"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
	"github.com/qem-exporter/qem_exporter/internal/poll"
)

// ScrapeOptions describe one poll outside the daemon.
type ScrapeOptions struct {
	Load               func() (*config.Config, error)
	Shard, TotalShards int
	Version            string    // of the exporter, for the user agent
	Out                io.Writer // gets the metrics as text
	Problems           io.Writer // is told in words what could not be read
	Logger             *slog.Logger
}

// Scrape polls every Enterprise Manager once, prints the metrics and logs out. It
// fails when one was down, after the metrics of the others are printed.
func Scrape(ctx context.Context, o ScrapeOptions) error {
	if err := checkShard(o.Shard, o.TotalShards); err != nil {
		return err
	}
	cfg, err := o.Load()
	if err != nil {
		return err
	}
	if !o.Logger.Enabled(ctx, slog.LevelDebug) {
		o.Logger = slog.New(slog.DiscardHandler) // the problems are told below, once
	}
	registry := prometheus.NewRegistry()
	c := newCollector(registry, o.Shard, o.TotalShards, nil)
	f := factory{
		guard: aem.NewLoginGuard(), large: aem.NewLargeBodies(), transport: newTransport,
		shard: o.Shard, totalShards: o.TotalShards, version: o.Version, logger: o.Logger,
	}
	var units []*unit
	for _, m := range cfg.Managers() {
		u, err := f.newUnit(m, nil)
		if err != nil {
			return err
		}
		units = append(units, u)
	}
	views := pollOnce(ctx, units, &f, c)
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted: nothing is printed")
	}
	if err := writeText(o.Out, registry, c); err != nil {
		return fmt.Errorf("print the metrics: %w", err)
	}
	var down []string
	visible := 0
	for _, m := range views {
		tellProblems(o.Problems, m)
		visible += len(m.Servers)
		if o.TotalShards > 1 {
			visible += int(m.Listed.Or(0)) // they fall to other shards
		}
		if !m.Up {
			down = append(down, m.Name)
		}
	}
	for _, w := range cfg.Warnings() {
		fmt.Fprintf(o.Problems, "warning: %s\n", w)
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
func pollOnce(ctx context.Context, units []*unit, f *factory, c *collector.Collector) []*fleet.Manager {
	views := make([]*fleet.Manager, len(units))
	var polling sync.WaitGroup
	for i, u := range units {
		u.samples = c.NewManager(u.manager.Name, u.samplesOptions())
		u.poller = poll.New(u.client, u.pollOptions(f))
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
func writeText(w io.Writer, own prometheus.Gatherer, c *collector.Collector) error {
	families, err := own.Gather()
	for _, f := range families {
		if _, werr := expfmt.MetricFamilyToText(w, f); werr != nil {
			return errors.Join(err, werr)
		}
	}
	live, kept := c.Current()
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
