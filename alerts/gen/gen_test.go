package main

import (
	"os"
	"strings"
	"testing"
)

// Rules and runbooks are what the source makes.
func TestMade(t *testing.T) {
	files, err := made("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s is not what the source makes (%v): run go generate ./alerts", name, err)
		}
	}
}

// A slip of the source is told, and makes nothing.
func TestSlips(t *testing.T) {
	for text, want := range map[string]string{
		"groups: [{rules: [{alert: A, about: exporter, expression: up}]}]":              "expression",
		"groups: [{rules: [{alert: A, about: ship}]}]":                                  `A is about "ship"`,
		"groups: [{rules: [{record: a, expr: <<nothing>>}]}]":                           "<<nothing>>",
		`{macros: {x: "%1 > %2"}, groups: [{rules: [{record: a, expr: '<<x "1">>'}]}]}`: `<<x "1">>`,
	} {
		if _, err := read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives not %q but %v", text, want, err)
		}
	}
}
