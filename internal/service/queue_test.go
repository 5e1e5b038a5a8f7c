package service

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestQueueWritesInOrder(t *testing.T) {
	var out bytes.Buffer
	q := NewQueue(&out)
	var want strings.Builder
	for i := range 100 {
		fmt.Fprintf(q, "line %d\n", i)
		fmt.Fprintf(&want, "line %d\n", i)
	}
	q.Close(time.Minute)
	if out.String() != want.String() || q.Dropped() != 0 {
		t.Errorf("%d dropped, written:\n%s", q.Dropped(), &out)
	}
	fmt.Fprint(q, "too late\n")
	if q.Dropped() != 1 {
		t.Error("a line after the end is not counted")
	}
	q.Close(0)
}

// A reader that has stopped holds up nobody, and what it misses is counted.
func TestQueueNeverWaits(t *testing.T) {
	for name, line := range map[string]string{"many": "x\n", "long": strings.Repeat("x", queueBytes/4)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				reader, writer := io.Pipe()
				q := NewQueue(writer)
				begun := time.Now()
				const lines = 3 * queueLines
				for range lines {
					fmt.Fprint(q, line)
				}
				q.Close(time.Second)
				if took := time.Since(begun); took != time.Second {
					t.Errorf("it took %v, want the second of the end alone", took)
				}
				dropped := q.Dropped()
				go func() { _, _ = io.Copy(io.Discard, reader) }()
				q.Close(time.Hour)
				_ = writer.Close()
				if kept := lines - int(dropped); kept < 4 || kept > queueLines+1 {
					t.Errorf("%d lines were kept, want at most %d", kept, queueLines)
				}
			})
		})
	}
}

// A reader that has died is counted too.
func TestQueueCountsWhatCannotBeWritten(t *testing.T) {
	reader, writer := io.Pipe()
	_ = reader.CloseWithError(errors.New("broken pipe"))
	q := NewQueue(writer)
	fmt.Fprint(q, "lost\n")
	q.Close(time.Minute)
	if q.Dropped() != 1 {
		t.Errorf("%d dropped, want 1", q.Dropped())
	}
}
