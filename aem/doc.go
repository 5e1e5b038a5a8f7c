// Package aem is a client of the REST API of Qlik Enterprise Manager, which knows
// the Replicate and Compose servers of a company and their tasks. It has all methods
// of the API.
//
//	client, err := aem.New("https://qem.example.com/attunityenterprisemanager",
//		aem.ActiveDirectory("monitor", "CORP", os.Getenv("QEM_PASSWORD")))
//	if err != nil {
//		return err
//	}
//	defer client.Close(context.Background())
//
//	for task, err := range client.Tasks.All(ctx) {
//		if err != nil { // of one server; the others follow
//			log.Print(task.Server.Name, err)
//			continue
//		}
//		fmt.Println(task.Server.Name, task.Name, task.State)
//	}
//
// The methods are grouped by what they are about: Client.Servers, Client.Tasks,
// Client.Tables, Client.Endpoints, Client.ACLs and Client.Audit. The comment of each
// names the methods of the API by the vendor's words and the role that an account needs;
// Client.Do calls what this package does not know.
//
// The package is v0: its API may still change, and the CHANGELOG tells when it does.
//
// # Sessions and repeats
//
// A client signs in when its first call needs it, and again when its session has
// ended. Calls that only read are repeated after faults that pass. One that changes
// something, or makes much work (an export, a test of an endpoint), is sent once, but for a
// session that had ended: then the API has done nothing. A refused login is tried again ever
// more rarely, so that the account is not locked out: see LoginGuard, which clients of one
// process do well to share, as they do a LargeBodies.
//
// A call takes no longer than its context and the client's timeout allow (WithTimeout).
// Methods that wait for something on purpose, as TasksService.Run does for the task, have a
// timeout of their own, for which the client waits too. Exports are streams, which
// are limited by their context, and by the client's timeout between two parts.
//
// # Errors
//
// Every error of a call is an *Error, which tells the API method, the API's error
// code and the HTTP status, and answers errors.Is for what a caller acts on:
//
//	_, err := client.Tasks.Stop(ctx, aem.TaskRef{Server: server, Task: task}, 2*time.Minute)
//	switch {
//	case errors.Is(err, aem.ErrAlreadyStopped):
//		// as it should be
//	case errors.Is(err, aem.ErrTaskTimeout):
//		// perhaps it stops later: WaitForState
//	case err != nil:
//		return err
//	}
//
// Error.HasCode compares it with any code of the API. What the API would refuse for
// certain, or what would do something else than meant (an incomplete ACL, an empty
// name), is not sent at all; that is an ErrInvalid. No error, log line or printed
// value holds a password, a token or a session id.
//
// # Spellings
//
// What the API's versions spell differently (keys, enums, quoted numbers, times)
// comes out the same way; a value that the API left out is absent, not zero, and one
// that cannot be read is absent and told to an UnreadableObserver. A list of which some
// elements make no sense is an ErrPartial, unless Skipped goes without them. What is to
// be written back (ACLs, table selections, definitions of servers) is understood as a
// whole or not at all. Results marshal to JSON and back without loss.
//
// Package aemtest simulates an Enterprise Manager for tests.
package aem
