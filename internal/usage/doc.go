// Package usage tells the benchmarks what CPU time and memory a process has used. It
// works on Linux; elsewhere there are no benchmarks that need it.
package usage
