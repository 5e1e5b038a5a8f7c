// Package e2e tests the built binary from outside: against simulated Enterprise
// Managers, with a real Prometheus that scrapes it. "make e2e" runs it.
//
// What the samples should be is computed here a second time, from the simulator's
// state and the contract alone; nothing here imports the code that makes them.
package e2e
