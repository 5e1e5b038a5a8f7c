package aemtest_test

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/qem-exporter/qem_exporter/aem/aemtest"
)

func Example() {
	em := aemtest.New(
		aemtest.Options{Servers: -1, ComposeServers: -1, Start: time.Date(2025, 10, 1, 9, 0, 0, 0, time.UTC)},
	)
	defer em.Close()
	em.AddServer(aemtest.ServerState{
		Name:  "repl-prod-01",
		Tasks: []aemtest.Task{{Name: "ORA2SNOW_SALES", Tags: []string{"prod"}}},
	})
	client := &http.Client{Transport: em.Transport()}
	base := "http://em.example.net" + aemtest.Path + "/api/v1"

	login, _ := http.NewRequest("GET", base+"/login", nil)
	login.SetBasicAuth(aemtest.DefaultDomain+`\`+aemtest.DefaultUser, aemtest.DefaultPassword)
	resp, err := client.Do(login)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()

	list, _ := http.NewRequest("GET", base+"/servers/repl-prod-01/tasks", nil)
	list.Header.Set(aemtest.SessionHeader, resp.Header.Get(aemtest.SessionHeader))
	resp, err = client.Do(list)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode, string(body))
	// Output:
	// 200 {"taskList":[{"name":"ORA2SNOW_SALES","state":"RUNNING","stop_reason":"NONE","message":"","assigned_tags":["prod"]}]}
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
	em := aemtest.New(
		aemtest.Options{
			Servers:        -1,
			ComposeServers: -1,
			Users:          []aemtest.User{{Name: "ops", Password: "secret", Role: aemtest.Operator}},
		},
	)
	defer em.Close()
	em.AddServer(aemtest.ServerState{Name: "repl-prod-01", Tasks: []aemtest.Task{{Name: "ORA2SNOW_SALES", MemoryMB: 310}}})
	client := &http.Client{Transport: em.Transport()}
	base := "http://em.example.net" + aemtest.Path + "/api/v1"

	login, _ := http.NewRequest("GET", base+"/login", nil)
	login.SetBasicAuth("ops", "secret")
	resp, err := client.Do(login)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	stop, _ := http.NewRequest("POST", base+"/servers/repl-prod-01/tasks/ORA2SNOW_SALES?action=stop", nil)
	stop.Header.Set(aemtest.SessionHeader, resp.Header.Get(aemtest.SessionHeader))
	if resp, err = client.Do(stop); err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()

	task := em.State().Task("repl-prod-01", "ORA2SNOW_SALES")
	fmt.Println(task.State, task.StopReason, task.MemoryMB)
	for _, r := range em.AuditTrail() {
		fmt.Println(r.User, r.Operation, r.Server, r.Object)
	}
	// Output:
	// STOPPED NORMAL 0
	// ops StopTask repl-prod-01 ORA2SNOW_SALES
}
