package aemtest

import (
	"cmp"
	"net/http"
	"time"
)

// Path is the path prefix of the API, as Enterprise Manager installs it.
const Path = "/attunityenterprisemanager"

// SessionHeader is the header that carries the session of a caller.
const SessionHeader = "EnterpriseManager.APISessionID"

// The account that exists unless Options.Users says otherwise. It is a viewer of
// everything.
const (
	DefaultUser     = "monitor"
	DefaultDomain   = "EXAMPLE"
	DefaultPassword = "simulated-password"
	DefaultAPIToken = "simulated-api-token"
	DefaultJWT      = "simulated.jwt.token"
)

// Shape is a spelling of the API. All shapes tell the same truth.
type Shape int

// The shapes.
const (
	// RealWorld is what clients meet: server_details, VALID_LICENSE, RECOVERY, bare
	// numbers, the comitted spelling.
	RealWorld Shape = iota
	// Guide is what the API guide prints: serverDetails, LICENSE_VALID, RECOVERING,
	// quoted numbers and booleans, full-load fields inside their counters, "NONE"
	// for no message.
	Guide
	// Legacy is what old releases and the SDKs suggest: a task envelope, no $type on
	// tasks, enums as numbers, a byte order mark, committed spelled right.
	Legacy
)

// String names the shape.
func (s Shape) String() string { return []string{"realworld", "guide", "legacy"}[s] }

// Role is what a user may do: in all methods of the API that appendix B of the
// guide gives that role, on everything that the user sees. Roles rank: each includes
// those before it. The ACLs that the API keeps do not change what a user may do.
type Role int

// The roles.
const (
	NoRole Role = iota
	Viewer
	Operator
	Designer
	Admin
)

// User is an account that may log in.
type User struct {
	// Name is the account, as `DOMAIN\user`, `user@domain` or a bare user; the first
	// two are the same account, whatever their case.
	Name     string
	Password string // may not contain a colon, as the guide says
	APIToken string // a personal access token, for the user name "api-token"
	JWT      string // for the user name "jwt"
	Role     Role
	// Servers, Tasks and Endpoints limit what the user sees to names that are equal to
	// one of these, or match it as a path.Match pattern; nil means all. The rest is
	// missing from lists and answers UNAUTHORIZED_REQUEST.
	Servers, Tasks, Endpoints []string
}

// Options describes a simulated Enterprise Manager. The zero Options make a small
// fleet that lives in real time.
type Options struct {
	// Seed chooses the fleet: the same seed, size, start and clock give the same
	// values.
	Seed uint64

	// Servers and ComposeServers count the servers of each product, TasksPerServer
	// and TablesPerTask what is below them. 0 means the default (3, 1, 10, 8), a
	// negative number none.
	Servers, ComposeServers, TasksPerServer, TablesPerTask int
	// OddNames adds a server, tasks, tables and tags whose names need care: / % # ? +
	// & quotes, a backslash, blanks, letters beyond ASCII, names that differ only by
	// case.
	OddNames bool
	// Healthy makes every server monitored, every licence valid and every task
	// running, for measurements that need a known amount of work.
	Healthy bool
	// Incidents switches on the schedule that the function Incidents describes.
	Incidents bool

	// Start is the instant at which the simulated time begins; default now.
	Start time.Time
	// Clock gives the simulated time; default is Start plus Speed times the real time
	// since New. Sessions, latencies and faults always pass in real time.
	Clock func() time.Time
	// Speed is how fast the default clock runs; default 1.
	Speed float64

	// Shape is the spelling of answers.
	Shape Shape

	// Users are the accounts; default is DefaultAccount, a viewer, and DefaultAdmin.
	Users []User
	// LockoutAfter locks an account after so many refused logins in a row; 0 never.
	LockoutAfter int
	// ExpiredStatus is the HTTP status of INVALID_SESSION_ID; default 401.
	ExpiredStatus int

	// TaskDelay is how long, in simulated time, a task needs to start and to stop when
	// the API tells it to; RunTask and StopTask wait for it, in real time, no longer
	// than their timeout.
	TaskDelay time.Duration
	// Latency is how long every call takes at least; SetLatency changes it.
	Latency time.Duration
}

func (o Options) withDefaults() Options {
	o.Servers = sizeOr(o.Servers, 3)
	o.ComposeServers = sizeOr(o.ComposeServers, 1)
	o.TasksPerServer = sizeOr(o.TasksPerServer, 10)
	o.TablesPerTask = sizeOr(o.TablesPerTask, 8)
	o.ExpiredStatus = cmp.Or(o.ExpiredStatus, http.StatusUnauthorized)
	if o.Speed <= 0 {
		o.Speed = 1
	}
	if o.Start.IsZero() {
		o.Start = time.Now()
	}
	o.Start = o.Start.UTC()
	if o.Clock == nil {
		began, start, speed := time.Now(), o.Start, o.Speed
		o.Clock = func() time.Time {
			return start.Add(time.Duration(float64(time.Since(began)) * speed))
		}
	}
	if o.Users == nil {
		o.Users = []User{DefaultAccount(), DefaultAdmin()}
	}
	return o
}

// DefaultAccount is the viewer that exists unless Options.Users says otherwise.
func DefaultAccount() User {
	return User{
		Name:     DefaultDomain + `\` + DefaultUser,
		Password: DefaultPassword,
		APIToken: DefaultAPIToken,
		JWT:      DefaultJWT,
		Role:     Viewer,
	}
}

// DefaultAdmin is an account that may do everything, unless Options.Users says otherwise.
func DefaultAdmin() User {
	return User{Name: DefaultDomain + `\admin`, Password: DefaultPassword, APIToken: "simulated-admin-token", Role: Admin}
}

func sizeOr(n, preset int) int { return max(cmp.Or(n, preset), 0) }
