package aem

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// at is a moment in UTC, as the API writes it.
func at(text string) time.Time {
	if len(text) == len(time.DateOnly) {
		text += "T00:00:00"
	}
	t, err := time.Parse("2006-01-02T15:04:05", text)
	if err != nil {
		panic(err)
	}
	return t
}

func seconds(n int64) Duration { return DurationOf(time.Duration(n) * time.Second) }

// Answers as servers send them, and some that they might: the .NET client's names, and tables
// of which each has what the one before has not, and must not show it. Beside each stands
// what is in it.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.result")
	must(t, err)
	if len(files) < 20 {
		t.Errorf("there are only %d fixtures", len(files))
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		must(t, err)
		name := strings.TrimSuffix(filepath.Base(file), ".result")
		var got any
		for prefix, decode := range map[string]func(io.Reader) (any, error){
			"server_list":    func(r io.Reader) (any, error) { return decodeServerList(r) },
			"server_details": func(r io.Reader) (any, error) { return decodeServerDetails(r) },
			"task_list":      func(r io.Reader) (any, error) { return decodeTaskList(r) },
			"task_details":   func(r io.Reader) (any, error) { return decodeTaskDetails(r) },
			"table_statuses": func(r io.Reader) (any, error) { return tables(r) },
		} {
			if strings.HasPrefix(name, prefix) {
				got, err = decode(strings.NewReader(fixture(t, name)))
			}
		}
		must(t, err)
		sameResult(t, name, got, strings.TrimSuffix(string(want), "\n"))
	}
}
