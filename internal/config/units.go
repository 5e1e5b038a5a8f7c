package config

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

var errUnit = errors.New("not a number with a known unit")

// goDuration is Go's notation as far as it can be misread by nobody: fractions,
// with the larger unit first.
var goDuration = regexp.MustCompile(
	`^(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m)?(?:\d+(?:\.\d+)?s)?(?:\d+(?:\.\d+)?ms)?$`)

// parseDuration reads Prometheus' notation (30s, 1h30m, 1d) and Go's with
// fractions (1.5s), down to the millisecond.
func parseDuration(s string) (time.Duration, error) {
	if d, err := model.ParseDuration(s); err == nil {
		return time.Duration(d), nil
	}
	if s == "" || !goDuration.MatchString(s) {
		return 0, errUnit
	}
	d, err := time.ParseDuration(s)
	if err != nil || d%time.Millisecond != 0 {
		return 0, errUnit
	}
	return d, nil
}

// formatDuration writes what parseDuration reads, in Prometheus' notation.
func formatDuration(d time.Duration) string { return model.Duration(d).String() }

var (
	sizeText  = regexp.MustCompile(`^(\d+(?:\.\d+)?) ?([KMGT]i?B|B)?$`)
	sizeUnits = map[string]float64{
		"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
)

// parseSize reads a number of bytes with or without a unit, decimal (MB) or
// binary (MiB).
func parseSize(s string) (Size, error) {
	match := sizeText.FindStringSubmatch(s)
	if match == nil {
		return 0, errUnit
	}
	if n, err := strconv.ParseInt(match[1], 10, 64); err == nil && sizeUnits[match[2]] == 1 {
		return Size(n), nil
	}
	n, err := strconv.ParseFloat(match[1], 64)
	if err != nil {
		return 0, errUnit
	}
	bytes := n * sizeUnits[match[2]]
	// Whole bytes, and few enough for a float64 to count them.
	if bytes != math.Trunc(bytes) || bytes > 1<<53 {
		return 0, errUnit
	}
	return Size(bytes), nil
}

// formatSize writes what parseSize reads, in the largest binary unit that fits.
func formatSize(n Size) string {
	units := []string{"", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for n > 0 && n%1024 == 0 && i < len(units)-1 {
		n /= 1024
		i++
	}
	return strings.TrimSpace(strconv.FormatInt(int64(n), 10) + units[i])
}
