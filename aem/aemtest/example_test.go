package aemtest_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/qem-exporter/qem_exporter/aem"
	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

// small is an Enterprise Manager with one task, and a client that may do all.
func small() (*aemtest.Simulator, *aem.Client) {
	em := aemtest.New(aemtest.Options{Servers: -1, ComposeServers: -1})
	task := aem.TaskDetails{Name: "ORA2SNOW_SALES", Tags: []string{"prod"}, MemoryMB: aem.WholeOf(310)}
	em.AddServer(aemtest.ServerState{
		ServerDetails: aem.ServerDetails{Name: "repl-prod-01"},
		Tasks:         []aemtest.Task{{TaskDetails: task}},
	})
	client, err := aem.New("https://em.example.net", aem.APIToken(aemtest.DefaultAdmin().APIToken),
		aem.WithTransport(em.Transport()))
	if err != nil {
		panic(err)
	}
	return em, client
}

func Example() {
	em, client := small()
	defer em.Close()
	tasks, err := client.Tasks.List(context.Background(), "repl-prod-01")
	fmt.Println(tasks[0].Name, tasks[0].State, tasks[0].Tags, err)
	// Output:
	// ORA2SNOW_SALES running [prod] <nil>
}

func ExampleSimulator_AddFault() {
	em := aemtest.New(aemtest.Options{})
	defer em.Close()
	// The next two logins answer 503 and ask for patience.
	fault := em.AddFault(aemtest.Fault{
		Operation: "Login", Times: 2,
		Kind: aemtest.FaultStatus, Status: http.StatusServiceUnavailable, RetryAfter: 2 * time.Second,
	})
	client := &http.Client{Transport: em.Transport()}
	for range 3 {
		resp, err := client.Get("http://em.example.net" + aemtest.Path + "/api/v1/login")
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Printf("%d %q\n", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	fmt.Println(fault.Hits())
	// Output:
	// 503 "2"
	// 503 "2"
	// 401 ""
	// 2
}

func ExampleSimulator_AuditTrail() {
	em, client := small()
	defer em.Close()
	ref := aem.TaskRef{Server: "repl-prod-01", Task: "ORA2SNOW_SALES"}
	if _, err := client.Tasks.Stop(context.Background(), ref, 0); err != nil {
		fmt.Println(err)
	}
	task := em.State().Task("repl-prod-01", "ORA2SNOW_SALES")
	fmt.Println(task.State, task.StopReason, task.MemoryMB)
	for _, r := range em.AuditTrail() {
		fmt.Println(r.User, r.Operation, r.Server, r.Object)
	}
	// Output:
	// stopped normal 0
	// EXAMPLE\admin StopTask repl-prod-01 ORA2SNOW_SALES
}
