package poll

import (
	"errors"
	"fmt"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

// The error codes that say that something was removed since it was listed.
const (
	codeServerNotFound = "AEM_SERVER_NOT_FOUND"
	codeTaskNotFound   = "AEM_TASK_NOT_FOUND"
)

// code is the API's error code in err, or "".
func code(err error) string {
	if e, ok := errors.AsType[*aem.Error](err); ok {
		return e.Code
	}
	return ""
}

// reason is the short form of err.
func reason(err error) string {
	if e, ok := errors.AsType[*aem.Error](err); ok {
		return e.Reason()
	}
	return "error"
}

// serverState reports whether err tells a state of the server asked about rather
// than a failure of the call.
func serverState(err error) bool {
	return errors.Is(err, aem.ErrServerNotMonitored) || errors.Is(err, aem.ErrServerNotConnected) ||
		errors.Is(err, aem.ErrLicense)
}

// tell adds a problem to a snapshot.
func tell(m *fleet.Manager, p fleet.Problem) {
	m.ProblemCount++
	if len(m.Problems) < fleet.MaxProblems {
		m.Problems = append(m.Problems, p)
	}
}

// problem is what an operation could not read. A login that failed is told as such.
func problem(server, task, operation string, err error) fleet.Problem {
	if e, ok := errors.AsType[*aem.Error](err); ok && errors.Is(err, aem.ErrLogin) {
		operation = e.Operation
	}
	return fleet.Problem{Server: server, Task: task, Operation: operation, Reason: reason(err), Message: err.Error()}
}

// gaveUp is the problem of a server that did not answer.
func gaveUp(s *server, unread int) fleet.Problem {
	attempts := fmt.Sprintf("%d attempts in a row", s.breaker.patience)
	if s.breaker.suspicious {
		attempts = "the first attempt, after it had been given up in the last poll"
	}
	p := fleet.Problem{Server: s.info.Name, Operation: "GetTaskDetails", Reason: "timeout"}
	lost := fmt.Sprintf("%d tasks were not read", unread)
	switch {
	case !s.listed && s.watched():
		p.Operation, lost = "GetTaskList", "its task list was not read"
	case s.details == nil:
		p.Operation = "GetServerDetails"
	}
	p.Message = fmt.Sprintf("gave up on this server for this poll: no answer to %s; %s", attempts, lost)
	return p
}

// gaveUpOptional is the problem of a server that did not answer optional collectors.
func gaveUpOptional(s *server) fleet.Problem {
	p := fleet.Problem{Server: s.info.Name, Operation: opEndpointList, Reason: "timeout"}
	lost := 0
	for e := range s.errands {
		if e.queued && !e.asked {
			lost++
			p.Operation = e.operation
		}
	}
	p.Message = fmt.Sprintf("gave up on the optional collectors of this server for this poll: no answer in time; %d calls were not made or not answered", lost)
	return p
}

// brokenOff is the problem of a poll that was given up on the way.
func brokenOff(err error) fleet.Problem {
	p := problem("", "", "GetServerList", err)
	p.Message = "gave up the rest of this poll: " + p.Message
	return p
}

// cutShort is the problem of a poll whose time was up.
func cutShort(err error) fleet.Problem {
	return fleet.Problem{Reason: "canceled", Message: "the poll was cut short: " + err.Error()}
}
