// Package aem is a client of the REST API of Qlik Enterprise Manager, which knows
// the Replicate and Compose servers of a company and their tasks.
//
//	client, err := aem.New("https://qem.example.com/attunityenterprisemanager",
//		aem.ActiveDirectory("monitor", "CORP", os.Getenv("QEM_PASSWORD")))
//	if err != nil {
//		return err
//	}
//	defer client.Close(context.Background())
//
//	servers, err := client.Servers.List(ctx)
//	if err != nil && !errors.Is(err, aem.ErrPartial) {
//		return err
//	}
//	for _, server := range servers {
//		tasks, err := client.Tasks.List(ctx, server.Name)
//		if errors.Is(err, aem.ErrServerNotMonitored) {
//			continue
//		}
//		…
//	}
//
// A client signs in when its first call needs it, and again when its session has
// ended; its calls share the session and may be made from many goroutines. Calls
// that change nothing are repeated after faults that pass. A refused login is
// tried again ever more rarely, so that the account is not locked out.
//
// Every error is an *Error, which tells the API method, the API's error code and
// the HTTP status, and answers errors.Is for what a caller acts on. No error, log
// line or printed value holds a password, a token or a session id.
//
// What the API's versions spell differently (keys, enums, quoted numbers, times)
// comes out the same way; a value that the API left out is absent, not zero.
package aem
