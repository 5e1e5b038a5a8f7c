package config

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0":       0,
		"0s":      0,
		"500ms":   500 * time.Millisecond,
		"30s":     30 * time.Second,
		"5m":      5 * time.Minute,
		"1h30m":   90 * time.Minute,
		"1d":      24 * time.Hour,
		"1w":      7 * 24 * time.Hour,
		"1.5s":    1500 * time.Millisecond,
		"1.5h":    90 * time.Minute,
		"1m1.5s":  61500 * time.Millisecond,
		"2h0.25s": 2*time.Hour + 250*time.Millisecond,
	} {
		got, err := parseDuration(text)
		if err != nil || got != want {
			t.Errorf("parseDuration(%q) = %s, %v, want %s", text, got, err, want)
		}
		if again, err := parseDuration(formatDuration(want)); err != nil || again != want {
			t.Errorf("%s is written as %s, which reads as %s, %v", want, formatDuration(want), again, err)
		}
	}
	for _, text := range []string{
		"", " ", "s", "30", "30 s", "30S", "1m1h", "1s1m", "5us", "5µs", "-5s", "+5s", ".5s", "5.s", "1.5d", "0.0001s",
		"5 minutes", "1e3s", "999999999999y", "99999999999999999999s",
	} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("parseDuration(%q) = %s, want an error", text, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "1": 1, "67108864": 64 << 20, "9223372036854775807": 1<<63 - 1, "7B": 7,
		"64MiB": 64 << 20, "64MB": 64e6, "1GiB": 1 << 30, "1 GiB": 1 << 30, "1.5KiB": 1536, "2KB": 2000, "3GB": 3e9,
	} {
		got, err := parseSize(text)
		if err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v, want %d", text, got, err, want)
		}
		if again, err := parseSize(formatSize(want)); err != nil || again != want {
			t.Errorf("%d is written as %s, which reads as %d, %v", want, formatSize(want), again, err)
		}
	}
	for _, text := range []string{
		"", "MiB", "64mib", "64M", "64 megabytes", "-1", "1.5", "1.5B", "0x10", "1e3", "9223372036854775808", "99999999GiB",
		"64  MiB",
	} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("parseSize(%q) = %d, want an error", text, got)
		}
	}
	if got := formatSize(64 << 20); got != "64MiB" {
		t.Errorf("64 MiB is written as %s", got)
	}
}

func TestClosest(t *testing.T) {
	candidates := []string{"url", "auth", "name", "poll_interval", "retries", "ca_file"}
	for name, want := range map[string]string{
		"pol_interval": "poll_interval", "poll-interval": "poll_interval", "PollInterval": "poll_interval",
		"uri": "url", "atuh": "auth", "nam": "name", "retry": "retries", "ca": "ca_file", "tables": "", "x": "", "": "",
	} {
		if got := closest(name, candidates); got != want {
			t.Errorf("closest(%q) = %q, want %q", name, got, want)
		}
	}
}
