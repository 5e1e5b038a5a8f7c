// Command gen makes the rules, and what is the same in all runbooks, of source.yml: it writes out what every alert has
// (the joins, priorities, held conditions, links) and what the house knows (which stops are normal).
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	files, err := made(".")
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// made is all that is made of the source in the folder of the alerts: texts by the names of their files.
func made(folder string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "source.yml"))
	if err != nil {
		return nil, err
	}
	s, err := read(text)
	if err != nil {
		return nil, fmt.Errorf("source.yml: %w", err)
	}
	files := map[string]string{}
	if files[filepath.Join(folder, "qem.rules.yml")], err = s.rules(); err != nil {
		return nil, err
	}
	runbooks := filepath.Join(folder, "../docs/runbooks")
	index := filepath.Join(runbooks, "README.md")
	page, err := os.ReadFile(index)
	if err != nil {
		return nil, err
	}
	files[index] = s.index(string(page))
	for _, r := range s.alerts() {
		name := filepath.Join(runbooks, r.Alert+".md")
		if files[name] != "" {
			continue // an alert of two severities has one page
		}
		page, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if files[name], err = s.runbook(string(page), r); err != nil {
			return nil, err
		}
	}
	return files, nil
}
