package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is a simulated Enterprise Manager whose admin the environment names.
type world struct{ *aemtest.Simulator }

// inWorld is a test with a clock of its own.
func inWorld(t *testing.T, test func(t *testing.T, em world)) {
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
}

func newWorld(t *testing.T) world {
	t.Helper()
	admin := aemtest.DefaultAccount()
	admin.Role = aemtest.Admin
	em := aemtest.New(aemtest.Options{Servers: -1, ComposeServers: -1, Users: []aemtest.User{admin}})
	t.Cleanup(em.Close)
	oracle, snow := aem.TaskEndpoint{Name: "src", Type: "Oracle"}, aem.TaskEndpoint{Name: "dwh", Type: "Snowflake"}
	tables := []aem.TableStatus{{Schema: "HR", Name: "JOBS", State: aem.TableError},
		{Schema: "HR", Name: "EMP", State: aem.TableCompleted}}
	load, apply := aem.TaskOptions{FullLoad: aem.BoolOf(true)}, aem.TaskOptions{ApplyChanges: aem.BoolOf(true)}
	both := aem.TaskOptions{FullLoad: aem.BoolOf(true), ApplyChanges: aem.BoolOf(true)}
	em.AddServer(aemtest.ServerState{
		ServerDetails: aem.ServerDetails{Name: "S", Host: "s.example.net"},
		Tasks: []aemtest.Task{
			{TaskDetails: aem.TaskDetails{Name: "A", Options: both, Source: oracle, Target: snow}, Tables: tables},
			{TaskDetails: aem.TaskDetails{Name: "B", Options: apply, Source: oracle, Target: snow,
				Message: "line\x1b[2J\nline"}},
			{TaskDetails: aem.TaskDetails{Name: "C", Options: load, Source: oracle, Target: snow, State: aem.TaskStopped}},
		},
	})
	for _, name := range []string{"QEM_PASSWORD", "QEM_PASSWORD_FILE", "QEM_USERNAME", "QEM_AUTH_TYPE", "QEM_CA_FILE"} {
		t.Setenv(name, "")
		_ = os.Unsetenv(name)
	}
	t.Setenv("QEM_URL", "http://qem.test")
	t.Setenv("QEM_TOKEN", aemtest.DefaultAPIToken)
	return world{em}
}

// qemctl runs a command line.
func (em world) qemctl(t *testing.T, in, line string) (code int, out, stderr string) {
	t.Helper()
	var o bytes.Buffer
	code, stderr = em.print(t, in, line, &o)
	return code, o.String(), stderr
}

func (em world) print(t *testing.T, in, line string, out io.Writer) (code int, stderr string) {
	t.Helper()
	var e bytes.Buffer
	code = run(t.Context(), strings.Fields(line), strings.NewReader(in), out, &e,
		func(aem.TransportOptions) http.RoundTripper { return em.Transport() })
	return code, e.String()
}

func TestCommands(t *testing.T) {
	inWorld(t, func(t *testing.T, em world) {
		dir := t.TempDir()
		file := func(name string) string { return filepath.Join(dir, name) }
		license := "license_type=EVALUATION\nissue_date=2026-01-01\nexpiration_date=2031-12-31\nchecksum=ABC\n"
		acl := `{"admin_role":{"users":[{"name":"D\\ada"}]},"disable_inheritance":true}`
		for _, step := range []struct {
			line string
			in   string
			code int
			want string // in the output, or in what is said of an error
		}{
			{"servers", "", exitOK, "S     replicate  monitored"},
			{"servers -o json", "", exitOK, `"name": "S"`},
			{"tasks list", "", exitOK, "S       B     running  none         line [2J line"},
			{"tasks list S -o json", "", exitOK, `"stop_reason": "none"`},
			{"tasks list nowhere", "", exitError, "AEM_SERVER_NOT_FOUND"},
			{"tables S A --error", "", exitOK, "HR      JOBS   error\n"},
			{"tables S A --table E%", "", exitOK, "EMP"},
			{"--dry-run tasks stop S --all", "", exitOK, "would stop A on S\nwould stop B on S\n"},
			{"tasks stop S", "", exitError, "name the tasks"},
			{"tasks stop S X", "", exitError, "does not have all"},
			{"tasks stop S --all --save " + file("stopped.json"), "", exitOK, "S       B     stopped"},
			{"tasks stop S A", "", exitOK, "A"}, // it is stopped
			{"tasks resume --from " + file("stopped.json"), "", exitOK, "S       A     running"},
			{"tasks run S B", "", exitError, "AEM_TASK_ALREADY_RUNNING"},
			{"--dry-run tasks run S C --wait", "", exitOK, "would run C on S (RESUME_PROCESSING)"},
			{"export S C -f " + file("c.json"), "", exitOK, ""},
			{"import S C2 --rename C=C2 -f " + file("c.json"), "", exitOK, ""},
			{"tasks list S", "", exitOK, "C2"},
			{"import S C3 --rename X=C3 -f " + file("c.json"), "", exitError, `no task "X"`},
			{"export S", "", exitOK, "cmd.replication_definition"},
			{"endpoints list S", "", exitOK, "src"},
			{"endpoints test S src", "", exitOK, "connected"},
			{"license S", "", exitOK, "valid"},
			{"license S -f -", license, exitOK, ""},
			{"license S", "", exitOK, "2031-12-31"},
			{"acl get S --task A", "", exitError, "HAS_NO_ACL"},
			{"acl get S --tasks", "", exitError, "HAS_NO_ACL"},
			{"acl get S --endpoint src", "", exitError, "HAS_NO_ACL"},
			{"acl get S --endpoints", "", exitError, "HAS_NO_ACL"},
			{"--dry-run acl set S --task A -f -", acl, exitOK, `would replace the ACL by: D\ada admin`},
			{"acl set S --task A -f -", acl, exitOK, ""},
			{"acl get S --task A", "", exitOK, `"name": "D\\ada"`},
			{"acl set S --task A -f -", strings.Replace(acl, "admin_role", "boss_role", 1), exitError, "bossrole is no role"},
			{"acl set S --task A --tasks -f -", acl, exitError, "give one of"},
			{"audit --since 1h", "", exitOK, "StopTask"},
			{"--nonsense", "", exitUsage, "try --help"},
			{"--help", "", exitOK, "tasks run"},
		} {
			code, out, said := em.qemctl(t, step.in, step.line)
			if code != step.code || !strings.Contains(out+said, step.want) {
				t.Errorf("qemctl %s: exit code %d, want %d\n%s%s\nwant %s", step.line, code, step.code, out, said, step.want)
			}
		}
		if _, out, said := em.qemctl(t, "", "--version"); out+said != "qemctl \n" {
			t.Errorf("the version is %q", out+said)
		}
		if a := em.State().Task("S", "A"); a.State != aem.TaskRunning || a.ACL == nil {
			t.Errorf("in the end: %+v", a)
		}
	})
}

func TestExitCodes(t *testing.T) {
	inWorld(t, func(t *testing.T, em world) {
		if err := em.SetEndpointTest("S", "src", aemtest.EndpointTest{Message: "ORA-1"}); err != nil {
			t.Fatal(err)
		}
		if code, out, _ := em.qemctl(t, "", "endpoints test S"); code != exitTaskFailed || !strings.Contains(out, "ORA-1") {
			t.Errorf("a failed test: %d, %s", code, out)
		}
		end := func(state aem.TaskState, tables ...aem.TableStatus) func() {
			return func() {
				time.Sleep(100 * time.Millisecond)
				if err := em.SetTask("S", "C", func(v *aemtest.Task) {
					v.State, v.StopReason, v.Tables = state, aem.StopFullLoadOnlyFinished, tables
					v.FullLoad.TablesWithError = aem.WholeOf(int64(len(tables)))
				}); err != nil {
					t.Error(err)
				}
			}
		}
		for _, tc := range []struct {
			after func()
			flags string
			code  int
			want  string
		}{
			{end(aem.TaskStopped), "", exitOK, "stopped"},
			{end(aem.TaskStopped, aem.TableStatus{Schema: "HR", Name: "JOBS", State: aem.TableError}), "", exitTableErrors,
				"in error: HR.JOBS"},
			{end(aem.TaskError), "-o json", exitTaskFailed, `"state": "error"`},
			{func() {}, "--timeout 2s", exitTimeout, "last seen running"},
		} {
			go tc.after()
			code, out, said := em.qemctl(t, "", "tasks run S C --how reload --wait "+tc.flags)
			if code != tc.code || !strings.Contains(out+said, tc.want) {
				t.Errorf("%q: exit code %d, want %d: %s%s", tc.flags, code, tc.code, out, said)
			}
		}
	})
}

func TestCredentials(t *testing.T) {
	inWorld(t, func(t *testing.T, em world) {
		password := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(password, []byte(aemtest.DefaultPassword+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		account := "servers --username " + aemtest.DefaultUser + " --domain " + aemtest.DefaultDomain
		for line, want := range map[string]int{
			"servers": exitOK, account + " --auth-type active_directory --password-file " + password: exitOK,
			account + " --auth-type active_directory": exitError, "servers --token-file " + password: exitError,
			"servers --url http://qem.example.com": exitError, "servers --ca-file nowhere": exitError,
		} {
			if code, _, said := em.qemctl(t, "", line); code != want || strings.Contains(said, aemtest.DefaultPassword) {
				t.Errorf("%s: exit code %d, want %d: %s", line, code, want, said)
			}
		}
		if n := em.ActiveSessions(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		_ = os.Unsetenv("QEM_URL")
		if code, _, said := em.qemctl(t, "", "servers"); code != exitUsage || !strings.Contains(said, "$QEM_URL") {
			t.Errorf("without a URL: %d, %s", code, said)
		}
	})
}

func TestSavedTasksAreJSON(t *testing.T) {
	inWorld(t, func(t *testing.T, em world) {
		name := filepath.Join(t.TempDir(), "x")
		_, _, _ = em.qemctl(t, "", "tasks stop S A --save "+name)
		text, err := os.ReadFile(name)
		var refs []map[string]string
		if err != nil || json.Unmarshal(text, &refs) != nil || refs[0]["task"] != "A" {
			t.Errorf("%s, %v", text, err)
		}
	})
}

// TestOutputIsLost: what cannot be printed, as to a full disk, is an error, and not a panic for help.
func TestOutputIsLost(t *testing.T) {
	inWorld(t, func(t *testing.T, em world) {
		for _, line := range []string{"--help", "servers", "servers -o json"} {
			full, none := io.Pipe()
			_ = full.Close()
			if code, said := em.print(t, "", line, none); code != exitError ||
				!strings.HasPrefix(said, "qemctl: the output is incomplete: ") {
				t.Errorf("%s: %d, %q", line, code, said)
			}
		}
	})
}
