// Command gen writes what is made of source.yml: the rules, and what is the same in all runbooks.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/qem-exporter/qem_exporter/alerts/internal/generate"
)

const runbooks = "../docs/runbooks"

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	text, err := os.ReadFile("source.yml")
	if err != nil {
		return err
	}
	source, err := generate.Read(text)
	if err != nil {
		return err
	}
	rules, err := source.Rules()
	if err != nil {
		return err
	}
	if err := os.WriteFile("qem.rules.yml", rules, 0o644); err != nil {
		return err
	}
	for _, a := range source.Alerts() {
		err := rewrite(a.Alert, func(page string) (string, error) { return a.Runbook(page), nil })
		if err != nil {
			return err
		}
	}
	return rewrite("README", source.Index)
}

// rewrite changes a page of the runbooks.
func rewrite(name string, change func(string) (string, error)) error {
	name = filepath.Join(runbooks, name+".md")
	page, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	changed, err := change(string(page))
	if err != nil {
		return err
	}
	return os.WriteFile(name, []byte(changed), 0o644)
}
