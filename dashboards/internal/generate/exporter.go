package generate

func exporterDashboard() dashboard {
	return dashboard{
		uid: uidExporter, title: "QEM / Exporter and API", from: "now-1h",
		description: "Whether the exporter and the Enterprise Manager API do their work: polls, API calls, sessions, scrapes.",
		variables:   []variable{job, instance, manager},
		rows: []row{
			{title: "Exporter", panels: exporterNumbers()},
			{title: "Polls", panels: polls()},
			{title: "API", panels: apiCalls()},
			{title: "Scrapes", panels: scrapes()},
			{title: "Process", collapsed: true, panels: process()},
		},
	}
}

// ofExporters leaves the samples of other processes out.
const ofExporters = " and on (job, instance) qem_exporter_build_info"

func exporterNumbers() []panel {
	return []panel{
		stat("Exporters up", "Whether Prometheus could scrape the exporter.", query("up and on (job, instance) last_over_time(qem_exporter_build_info[$__range])", "{{instance}}"),
			mappings(upStates("Down", "Up")), noValue("no exporter"), size(4, 4)),
		stat("Enterprise Managers up", "Whether the last poll of each could log in and read the server list.", query(perManager("qem_up"), "{{manager}}"),
			mappings(upStates("Down", "Up")), noValue("no exporter"), size(4, 4)),
		stat("Age of the data", "Time since the last poll of each Enterprise Manager that worked.",
			query("time() - "+perManager("qem_poll_last_success_timestamp_seconds"), "{{manager}}"),
			unit("s"), decimals(0), limits("green", step{180, "orange"}, step{600, "red"}), noValue("no poll yet"), size(4, 4)),
		stat("Configuration", "Whether the configuration could be loaded the last time. If not, the exporter goes on with the one before.",
			query("min by (instance) (qem_exporter_config_last_reload_successful)", "{{instance}}"), mappings(upStates("Bad", "Loaded")), size(4, 4)),
		stat("Configuration loaded", "When the configuration was last loaded successfully.",
			query(milliseconds("max by (instance) (qem_exporter_config_last_reload_success_timestamp_seconds)"), "{{instance}}"),
			unit("dateTimeFromNow"), neutral(), size(4, 4)),
		stat("Running for", "Time since the exporter was started.", query("time() - max by (instance) (process_start_time_seconds"+ofExporters+")", "{{instance}}"),
			unit("dtdurations"), decimals(0), neutral(), size(4, 4)),
		table("Builds", "Which exporter runs where.", []string{"job", "instance", "version", "revision", "branch", "goversion", "goos", "goarch"},
			[]column{labelsOnly("max by (job, instance, version, revision, branch, goversion, goos, goarch) (qem_exporter_build_info)")}, size(24, 4)),
	}
}

func polls() []panel {
	return []panel{
		timeSeries("Polls", "Polls a minute by result. A partial poll could not read some server, task or table; the rest of it counts.",
			query("60 * max by (manager, result) (rate(qem_polls_total[$__rate_interval]))", "{{manager}} {{result}}"), unit("cpm"), size(8, 8)),
		timeSeries("Duration", "How long the last poll took. One that takes as long as the poll interval delays the next.",
			query(perManager("qem_poll_last_duration_seconds"), "{{manager}}"), unit("s"), size(8, 8)),
		timeSeries("Age over time", "Time since the last poll that worked. It saws between 0 and the poll interval while all is well.",
			query("time() - "+perManager("qem_poll_last_success_timestamp_seconds"), "{{manager}}"), unit("s"), drawnLimits("transparent", step{600, "red"}), size(8, 8)),
	}
}

// quantile is of the API's latency: of the classic buckets, or of the native
// histogram where Prometheus keeps that instead.
func quantile(q string) string {
	const family = "qem_api_request_duration_seconds"
	return "histogram_quantile(" + q + ", sum by (operation, le) (rate(" + family + "_bucket[$__rate_interval])))\nor\n" +
		"histogram_quantile(" + q + ", sum by (operation) (rate(" + family + "[$__rate_interval])))"
}

// apiCalls adds up what all exporters ask: the load that the API sees.
func apiCalls() []panel {
	return []panel{
		timeSeries("Requests by operation", "Requests a second to the API, by its method.",
			query("sum by (operation) (rate(qem_api_requests_total[$__rate_interval]))", "{{operation}}"), unit("reqps"), stacked(), size(8, 9)),
		timeSeries("Requests by status", "Requests a second to the API, by HTTP status. Status error means that there was no answer.",
			query("sum by (code) (rate(qem_api_requests_total[$__rate_interval]))", "{{code}}"), unit("reqps"), stacked(), colored("200", "green"), colored("error", "red"), size(8, 9)),
		timeSeries("Errors", "Requests a second that ended in an error, by the API's method and error code, or what else went wrong.",
			query("sum by (operation, error) (rate(qem_api_errors_total[$__rate_interval]))", "{{operation}} {{error}}"), unit("reqps"), noValue("no errors"), size(8, 9)),
		timeSeries("Latency, 99th percentile", "The time that 99 of 100 requests stayed below, by the API's method.",
			query(quantile("0.99"), "{{operation}}"), unit("s"), size(8, 9)),
		timeSeries("Latency, median", "The time that half of the requests stayed below, by the API's method.",
			query(quantile("0.5"), "{{operation}}"), unit("s"), size(8, 9)),
		heatmap("Latency", "How many requests took how long. Needs the classic buckets of the histogram.",
			query("sum by (le) (increase(qem_api_request_duration_seconds_bucket[$__rate_interval]))", "{{le}}"), unit("s"), size(8, 9)),
		timeSeries("Mean latency", "Mean time of a request, by Enterprise Manager.",
			query("sum by (manager) (rate(qem_api_request_duration_seconds_sum[$__rate_interval]))\n/\nsum by (manager) (rate(qem_api_request_duration_seconds_count[$__rate_interval]))", "{{manager}}"),
			unit("s"), size(8, 8)),
		timeSeries("Retries", "Requests a second that were made again, by the API's method.",
			query("sum by (operation) (rate(qem_api_retries_total[$__rate_interval]))", "{{operation}}"), unit("reqps"), noValue("no retries"), size(8, 8)),
		timeSeries("Logins", "Logins an hour, by result. A session ends five minutes after its last request, so that polls at shorter intervals need one login; many mean that sessions get lost.",
			query("3600 * sum by (manager, result) (rate(qem_api_logins_total[$__rate_interval]))", "{{manager}} {{result}}"), unit("none"), size(8, 8)),
		table("Errors in the shown time", "Requests that ended in an error in the shown time, the hundred most frequent.",
			[]string{"manager", "operation", "error"},
			[]column{newColumn("Errors", "topk(100, sum by (manager, operation, error) (increase(qem_api_errors_total[$__range])) > 0)", inUnit("short"), property{"decimals", 0})},
			sortedBy("Errors", true), noValue("no errors"), size(16, 8)),
		stat("Duplicates", "Servers, tasks, tables and samples that were dropped in the shown time because the API named them twice.",
			query(perManager("increase(qem_exporter_duplicates_dropped_total[$__range])"), "{{manager}}"), unit("short"), decimals(0), uneasy(), size(8, 8)),
	}
}

func scrapes() []panel {
	return []panel{
		timeSeries("Scrape duration", "How long Prometheus took to scrape the exporter.",
			query("scrape_duration_seconds"+ofExporters, "{{instance}}"), unit("s"), size(8, 8)),
		timeSeries("Samples", "Samples in a scrape of the exporter.",
			query("scrape_samples_scraped"+ofExporters, "{{instance}}"), unit("short"), size(8, 8)),
		timeSeries("Answers", "Requests for metrics that the exporter answered, by HTTP status, and those that failed while they were answered.",
			query("sum by (instance, code) (rate(promhttp_metric_handler_requests_total[$__rate_interval])"+ofExporters+")", "{{instance}} {{code}}"),
			query("sum by (instance, cause) (rate(promhttp_metric_handler_errors_total[$__rate_interval])"+ofExporters+")", "{{instance}} {{cause}} failed"),
			unit("reqps"), size(8, 8)),
	}
}

func process() []panel {
	return []panel{
		timeSeries("CPU", "CPU that the exporter uses, in cores.",
			query("rate(process_cpu_seconds_total[$__rate_interval])"+ofExporters, "{{instance}}"), unit("none"), size(8, 8)),
		timeSeries("Memory", "Memory of the exporter: resident, and the Go heap in use.",
			query("process_resident_memory_bytes"+ofExporters, "{{instance}} resident"),
			query("go_memstats_heap_inuse_bytes"+ofExporters, "{{instance}} heap"), unit("bytes"), size(8, 8)),
		timeSeries("Goroutines and files", "Goroutines and open file descriptors of the exporter. Either growing without end is a leak.",
			query("go_goroutines"+ofExporters, "{{instance}} goroutines"),
			query("process_open_fds"+ofExporters, "{{instance}} open files"), unit("none"), size(8, 8)),
	}
}
