// Package e2e tests the built binary from outside: against simulated Enterprise Managers, with a real
// Prometheus that scrapes it. "make e2e" runs it.
package e2e
