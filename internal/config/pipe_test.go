//go:build unix

package config

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe in place of a file holds up nothing.
func TestPipeIsNoPasswordFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(minimal, "password: pass", "password_file: "+pipe, 1)
	if _, err := Parse("qem.yml", []byte(text), nil); err == nil || !strings.Contains(err.Error(),
		"is not a regular file") {
		t.Errorf("error is %v", err)
	}
}
