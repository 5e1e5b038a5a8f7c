// Package alerts holds what Prometheus and Alertmanager load: qem.rules.yml is made of
// source.yml, which is what to change.
package alerts

//go:generate go run ./gen
