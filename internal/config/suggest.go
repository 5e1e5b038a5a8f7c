package config

import (
	"math"
	"slices"
	"strings"
)

// hint says what was perhaps meant by an unknown key.
func hint(name string, known []string) string {
	if meant := closest(name, known); meant != "" {
		return `did you mean "` + meant + `"?`
	}
	if homes := homes(name); len(homes) > 0 {
		return "it belongs under " + strings.Join(homes, " or ")
	}
	return "known are " + strings.Join(known, ", ")
}

// homes lists the mappings that have a key of this name.
func homes(name string) []string {
	var found []string
	for _, key := range keysOf(fileType()) {
		if path, ok := strings.CutSuffix(key.path, "."+name); ok {
			found = append(found, path)
		}
	}
	return found
}

// closest is the candidate that name is a slip of the pen from, or "".
func closest(name string, candidates []string) string {
	name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	best, bestDistance := "", math.MaxInt
	for _, c := range candidates {
		slips := 2 // and fewer in a short word
		if len(c) >= 7 {
			slips = 3
		}
		if d := distance(name, c); d < bestDistance && d <= min(slips, len(c)-2) {
			best, bestDistance = c, d
		}
	}
	if best != "" {
		return best
	}
	if i := slices.IndexFunc(candidates, func(c string) bool { return strings.HasPrefix(c, name+"_") }); i >= 0 {
		return candidates[i]
	}
	return ""
}

// distance counts the letters to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
