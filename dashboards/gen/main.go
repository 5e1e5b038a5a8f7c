// Command gen writes the dashboards into the directory it is given. Run it with
// "go generate ./dashboards".
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/qem-exporter/qem_exporter/dashboards/internal/generate"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	all, err := generate.Dashboards()
	if err != nil {
		return err
	}
	for _, d := range all {
		if err := os.WriteFile(filepath.Join(dir, d.File), d.JSON, 0o644); err != nil { //nolint:gosec // not a secret
			return err
		}
	}
	return nil
}
