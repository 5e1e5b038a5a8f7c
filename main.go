// Command qem_exporter makes Prometheus metrics of Qlik Enterprise Managers: the
// servers, tasks and tables that they monitor.
package main

import (
	"os"

	"github.com/qem-exporter/qem_exporter/internal/cli"
)

func main() { os.Exit(cli.Run(os.Args[1:])) }
