package generate

import (
	"fmt"

	"github.com/qem-exporter/qem_exporter/internal/fleet"
)

func serversDashboard() dashboard {
	return dashboard{
		uid: uidServers, title: "QEM / Servers", from: "now-3h",
		question: "Which servers are lost, short of something, or about to lose their licence?",
		rows: []row{
			{title: "Servers", panels: []panel{
				watching(), serversNotSeen(),
				stat("Servers", "none is known", "Servers that the Enterprise Managers list.",
					query("count("+perServer("qem_server_info")+")", "servers"), count(), neutral(), listed(uidFleet)),
				stat("Tasks", "none is known", "Tasks of these servers, as the servers count them.",
					query("sum("+perServer("qem_server_tasks_expected")+")", "tasks"), count(), neutral(),
					listed(uidTasks, fmt.Sprint("var-show=", everyTask))),
				serverList("Servers, the worst first", 16),
			}},
			{title: "Up to 300 of them, with what they run on", collapsed: true, panels: []panel{
				serverList("All servers", 300), serverInventory(), serverExpiries(),
			}},
		},
	}
}

// serverRank is what is wrong with a server, as a number: the worst has the highest.
func serverRank() string {
	return "0 * (" + perServer(`qem_server_state{state="error"}`) + " == 1) + 4\nor\n" +
		"0 * (" + perServer("qem_server_up") + " == 0) + 3\nor\n" +
		"0 * (" + perServer(`qem_server_state{state="not_monitored"}`) + " == 1) + 1\nor\n" +
		"0 * (" + perServer("qem_server_up") + " == 1)\nor\n0 * " + perServer("qem_server_info") + " + 2"
}

func serverWords() mapping {
	return texts([]string{"0", "1", "2", "3", "4"}, state{"", "Read", "green"}, state{"", "Not monitored", "blue"},
		state{"", "Not read yet", grey}, state{"", "Not read", "red"}, state{"", "In error", "red"})
}

const week = 7 * 24 * 3600

// licenseLeft is how long a licence lasts: by its date, and by the days that remain only
// where there is no date and they are above 0, as fleet judges it.
func licenseLeft() string {
	return "(" + perServer("qem_server_license_expiry_timestamp_seconds - time()") + " or " +
		perServer("qem_server_license_remaining_seconds > 0") + ")"
}

// licenseVerdict is 1 for a valid licence, and more the less is left of it.
func licenseVerdict() string {
	return fmt.Sprintf("(0 * (%[1]s <= 0) + 4\nor\n0 * (%[2]s == 1) + 4\nor\n0 * (%[1]s < %[3]d) + 3\nor\n0 * (%[1]s < "+
		"%[4]d) + 2\nor\n0 * (%[5]s == 1) + 1)",
		licenseLeft(), perServer(`qem_server_license_state{state!="valid"}`), week, int(fleet.LicenseWarning.Seconds()),
		perServer(`qem_server_license_state{state="valid"}`))
}

func licenseWords() mapping {
	return texts([]string{"1", "2", "3", "4"}, state{"", "Valid", "green"}, state{"", "Ends in a month", "orange"},
		state{"", "Ends in a week", "red"}, state{"", "Not valid", "red"})
}

// serverList has the servers, the worst first, n at most.
func serverList(title string, n int) panel {
	shown := fmt.Sprintf("topk(%d, %s)", n, serverRank())
	of := func(expr string) string { return "((" + expr + ")\nand on (" + serverLabels + ")\n" + shown + ")" }
	tasks := func(state string) string { return of(perServer(`qem_server_tasks{state="` + state + `"}`)) }
	busy := []step{{0.8, "orange"}, {0.95, "red"}}
	return table(title, "No server is known.", fmt.Sprintf("Servers, %d at most, the worst first: what cannot be read, "+
		"then licences. A dash is a value that is not there. Click on a server for its page.", n),
		[]column{
			growing(label("server", 200)),
			value("State", 130, shown, asWords(serverWords())...),
			labelsOnly(of("topk by (" + serverLabels + ") (1, " + maxBy(serverLabels+", reason", "qem_server_unreadable") +
				")")),
			label("reason", 190, under("Reason")),
			value("Licence", 150, of(licenseVerdict()), asWords(licenseWords())...),
			value("In error", 80, tasks("error"), badFrom1("red")...),
			value("Recovering", 100, tasks("recovering"), badFrom1("orange")...),
			value("Running", 80, tasks("running"), whole()...),
			value("CPU", 80, of(perServer("qem_server_machine_cpu_ratio")), inColors("percentunit", busy...)...),
			value("Memory", 90, of(perServer("qem_server_memory_bytes")), inUnit("bytes")),
			value("Disk", 90, of(perServer("qem_server_disk_usage_bytes")), inUnit("bytes")),
			value("Connected", 120, of(milliseconds(perServer("qem_server_last_connection_timestamp_seconds"))),
				inUnit("dateTimeFromNow")),
			label("manager", 110),
		}, sortedBy("State", "Licence", "In error"), size(24, 3+max(11, min(n/10, 20))))
}

func serverInventory() panel {
	return table("Versions", "No server is known.", "What the servers are and run on.",
		[]column{
			growing(label("server", 200)),
			labelsOnly("topk(300, " + maxBy(serverLabels+", product, version, platform, host, port", "qem_server_info") + ")"),
			label("product", 100), label("version", 150), label("platform", 200), label("host", 200), label("port", 70),
			label("manager", 120),
		}, size(24, 12))
}

func serverExpiries() panel {
	return table("Licences and tasks", "No server is known.", "Until when the licences last, and how many tasks the "+
		"servers count, list, and are read of.",
		[]column{
			growing(label("server", 200)),
			value("Licence", 150, "topk(300, "+licenseVerdict()+")", asWords(licenseWords())...),
			value("Ends", 120, milliseconds("(time() + "+licenseLeft()+")"), inUnit("dateTimeFromNow")),
			value("On", 170, milliseconds(perServer("qem_server_license_expiry_timestamp_seconds")), inUnit("dateTimeAsIso")),
			value("Issued", 170, milliseconds(perServer("qem_server_license_issue_timestamp_seconds")), inUnit("dateTimeAsIso")),
			value("Expected", 90, perServer("qem_server_tasks_expected"), whole()...),
			value("Listed", 90, perServer("qem_server_tasks_listed"), whole()...),
			value("Polled", 90, perServer("qem_server_tasks_polled"), whole()...),
			label("manager", 120),
		}, sortedBy("Licence"), size(24, 12))
}
