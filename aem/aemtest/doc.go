// Package aemtest simulates an Enterprise Manager, as net/http/httptest simulates
// a server: for tests, demonstrations and measurements of whatever speaks its REST
// API.
//
// A simulated Enterprise Manager has a fleet of Replicate and Compose servers whose
// tasks live: their latency rises and falls, their counters grow by what their
// rates say, full loads progress and start again, tasks fail, recover and stop,
// licences run out. All of it follows from Options.Seed and the clock alone: the
// state at an instant is the same however often it is asked for, and in whatever
// order. State returns that truth in the types of package aem, for
// comparison with what a client made of it.
//
//	srv := aemtest.NewServer(aemtest.Options{Servers: 2})
//	defer srv.Close()
//	// srv.URL, aemtest.DefaultUser, aemtest.DefaultPassword
//
// New makes a simulator without a socket. It is an http.Handler, and its Transport
// is an http.RoundTripper that needs no network, so that it can be used in a
// bubble of testing/synctest, with sessions that expire and servers that hang, in
// no time.
//
// # What callers change
//
// All methods of the API are there, and what they change stays changed: a task
// that is stopped stands still until it is started, with counters from zero; an
// ACL, a table selection or a retention barrier that is put is given back; clones
// and imports are tasks that live once they run. State tells all of it, and
// AuditTrail who did what. What nobody touched lives on as if nothing had been.
// Appendix B of the guide decides who may do what, by User.Role.
//
// # What goes wrong
//
// AddFault makes chosen requests hang, fail, or answer with nonsense. SetTask,
// SetServerState and their like change what the API says; AddServer and AddTask add
// servers and tasks with exactly the given values and whatever names;
// SetEndpointTest says what the tests of an endpoint come to.
// Options.Incidents starts the schedule of troubles that Incidents describes.
//
// # Spellings
//
// The guide, the servers that people have met, and the SDKs disagree on the
// spelling of the API; Options.Shape chooses one of the three. Fields and enums are
// spelled by the tables of package aem, each once.
package aemtest
