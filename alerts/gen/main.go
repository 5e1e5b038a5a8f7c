// Command gen writes the rules file of its source.
package main

import (
	"log"
	"os"

	"github.com/qem-exporter/qem_exporter/alerts/internal/generate"
)

func main() {
	text, err := os.ReadFile("source.yml")
	if err != nil {
		log.Fatal(err)
	}
	source, err := generate.Read(text)
	if err != nil {
		log.Fatal(err)
	}
	rules, err := source.Rules()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("qem.rules.yml", rules, 0o644); err != nil {
		log.Fatal(err)
	}
}
