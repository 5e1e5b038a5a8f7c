// Command gen writes the dashboards into the directory it is given. Run it with
// "go generate ./dashboards".
package main

import (
	"fmt"
	"os"

	"github.com/qem-exporter/qem_exporter/dashboards/internal/generate"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIRECTORY")
		os.Exit(2)
	}
	if err := generate.Write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
