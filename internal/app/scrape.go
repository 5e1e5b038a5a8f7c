package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
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
	c := collector.New(collector.Options{Registerer: registry, Logger: o.Logger})
	units, err := scrapeUnits(cfg, factory{
		guard:       aem.NewLoginGuard(),
		collector:   c,
		memory:      &memory{},
		shard:       o.Shard,
		totalShards: o.TotalShards,
		version:     o.Version,
		logger:      o.Logger,
	})
	if err != nil {
		return err
	}
	var down []string
	polled := pollOnce(ctx, units)
	if ctx.Err() != nil {
		return errors.New("interrupted: not everything was read, and nothing is printed")
	}
	for _, m := range polled {
		c.Publish(m)
		tellProblems(o.Problems, m)
		if m.Result == fleet.Failure {
			down = append(down, m.Name)
		}
	}
	if err := writeText(o.Out, registry, c); err != nil {
		return fmt.Errorf("print the metrics: %w", err)
	}
	if len(down) > 0 {
		return fmt.Errorf("could not read %s", strings.Join(down, ", "))
	}
	return nil
}

// scrapeUnits makes a unit of every manager. What they publish does not age.
func scrapeUnits(cfg *config.Config, f factory) ([]*unit, error) {
	var units []*unit
	for _, m := range cfg.Managers() {
		u, err := f.newUnit(m, nil)
		if err != nil {
			return nil, err
		}
		f.collector.AddManager(m.Name, math.MaxInt64)
		units = append(units, u)
	}
	return units, nil
}

// pollOnce polls every unit once and ends its session.
func pollOnce(ctx context.Context, units []*unit) []*fleet.Manager {
	polled := make([]*fleet.Manager, len(units))
	var polling sync.WaitGroup
	for i, u := range units {
		polling.Go(func() {
			polled[i] = u.poller.Poll(ctx)
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), retireTimeout)
			defer cancel()
			// The session ends by itself; whether it did now is no finding of the poll.
			_ = u.close(ctx)
		})
	}
	polling.Wait()
	return polled
}

// tellProblems says what could not be read.
func tellProblems(w io.Writer, m *fleet.Manager) {
	for _, p := range m.Problems {
		where := m.Name
		if p.Server != "" {
			where += ": server " + p.Server
		}
		if p.Task != "" {
			where += ": task " + p.Task
		}
		fmt.Fprintf(w, "%s: %s\n", printable(where), printable(p.Message))
	}
	if rest := m.ProblemCount - len(m.Problems); rest > 0 {
		fmt.Fprintf(w, "%s: and %d more\n", m.Name, rest)
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
	return errors.Join(err, c.Current().WriteText(w))
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
