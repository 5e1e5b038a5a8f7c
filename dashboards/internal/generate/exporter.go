package generate

func exporterDashboard() dashboard {
	return dashboard{
		uid: uidExporter, title: "QEM / Exporter and API", from: "now-1h",
		question: "Do the exporter and the Enterprise Manager API do their work, and if not, what stands in the way?",
		rows: []row{
			{title: "Exporter", panels: append(exporterTiles(), managersTable(),
				alertList(", of the exporters, Enterprise Managers and servers too", 12))},
			{title: "Reading", collapsed: true, panels: readings()},
			{title: "API", collapsed: true, panels: apiCalls()},
			{title: "Scrapes", collapsed: true, panels: scrapes()},
			{title: "Process", collapsed: true, panels: process()},
		},
	}
}

// ofExporters leaves the samples of other processes out.
const ofExporters = " and on (job, instance) qem_exporter_build_info"

func exporterTiles() []panel {
	const (
		empty    = "no exporter"
		requests = "(sum(rate(qem_api_requests_total[$__rate_interval])) > 0)"
		noErrors = "0 * " + requests
	)
	return []panel{
		watching(),
		stat("Exporters down", "none is known", "Exporters of the shown time that Prometheus cannot scrape.",
			query("count("+exportersDown()+") or 0 * count(up and on (job, instance) "+
				"last_over_time(qem_exporter_build_info[$__range]))", "exporters"), count(), bad(), listed(uidExporter)),
		stat("Configuration", empty, "Whether the configuration could be loaded the last time. If not, the exporter goes "+
			"on with the one before.",
			query("min(qem_exporter_config_last_reload_successful)", "configuration"),
			mapped(upStates("Not loaded", "Loaded")), listed(uidExporter)),
		stat("API errors", "no requests", "Requests to the API in the last minutes that ended in an error, of a hundred.",
			query("(sum(rate(qem_api_errors_total[$__rate_interval])) or "+noErrors+") / "+requests, "errors"),
			unit("percentunit"), limits(step{0, "green"}, step{0.01, "orange"}, step{0.1, "red"}), listed(uidExporter)),
		stat("Next login", "not refused", "While logins are refused or fail: when the next is due.",
			query(milliseconds("min(qem_login_next_attempt_timestamp_seconds)"), "login"), unit("dateTimeFromNow"),
			limits(step{lowest, "orange"}), listed(uidExporter)),
		stat("Certificate ends", "no TLS", "When the first of the Enterprise Managers' certificates ends.",
			query(milliseconds("min(qem_certificate_expiry_timestamp_seconds)"), "certificate"), unit("dateTimeFromNow"),
			neutral(), listed(uidExporter)),
	}
}

func managersTable() panel {
	return table("Enterprise Managers", "No exporter is seen.", "Whether each could be read when it was last due, and "+
		"which part of the servers this is. Its address leads to its console.",
		[]column{
			growing(label("manager", 120)),
			value("Up", 70, perManager("qem_up"), asWords(upStates("Down", "Up"))...),
			value("Age", 80, "time() - "+perManager("qem_poll_last_success_timestamp_seconds"), inUnit(inSeconds)),
			value("Listed", 70, perManager(`qem_servers{state="listed"}`), whole()...),
			value("Polled", 70, "sum by (manager) (max by (manager, instance) (qem_servers{state=\"polled\"}) and on "+
				"(manager) qem_up == 1)", whole()...),
			labelsOnly(maxBy("manager, url", "qem_manager_info")),
			label("url", 260, property{"links", []dataLink{{Title: "Open the console", URL: "${__data.fields.url}",
				TargetBlank: true}}}),
		}, size(12, 9))
}

func readings() []panel {
	return []panel{
		timeSeries("Readings", "no exporter", "Readings of server lists and sweeps of servers a minute, by result. A "+
			"partial one could not read some task or table; the rest of it counts.",
			query("60 * max by (manager, result) (rate(qem_polls_total[$__rate_interval]))", "{{manager}} {{result}}"),
			unit("cpm"), coloredResults(), size(8, 8)),
		timeSeries("Slowest sweeps", "no server is read", "How long the last sweep of the ten slowest servers took, and "+
			"how often it is to begin.",
			query("topk(10, "+perServer("qem_server_poll_duration_seconds")+")", "{{server}}"),
			query("min(qem_poll_interval_seconds)", "interval"), unit(inSeconds), dashed("^interval$", "red"), size(8, 8)),
		timeSeries("Age over time", "never read", "Time since the server list of each Enterprise Manager was last read. It "+
			"saws between 0 and the interval while all is well.",
			query("time() - "+perManager("qem_poll_last_success_timestamp_seconds"), "{{manager}}"), unit(inSeconds),
			size(8, 8)),
		timeSeries("Logins", "no exporter", "Logins an hour, by result. A session ends five minutes after its last "+
			"request, so that readings at shorter intervals need one login; many mean that sessions get lost.",
			query("3600 * sum by (manager, result) (rate(qem_api_logins_total[$__rate_interval]))",
				"{{manager}} {{result}}"), unit("none"), coloredResults(), size(8, 8)),
		table("Configuration and builds", "No exporter is seen.", "Which exporter runs where, with which part of the "+
			"servers, and since when with its configuration.",
			[]column{
				growing(label("instance", 160)),
				labelsOnly("max by (instance, version, revision, goversion, goos, goarch) (qem_exporter_build_info)"),
				value("Loaded", 120, milliseconds("max by (instance) "+
					"(qem_exporter_config_last_reload_success_timestamp_seconds)"), inUnit("dateTimeFromNow")),
				value("Started", 120, milliseconds("max by (instance) (process_start_time_seconds"+ofExporters+")"),
					inUnit("dateTimeFromNow")),
				labelsOnly("max by (instance, shard, total_shards) (qem_exporter_shard_info)"),
				label("version", 100), label("revision", 100), label("goversion", 110), label("shard", 80),
				label("total_shards", 110, under("Of shards")),
			}, sortedBy("Loaded"), size(16, 8)),
	}
}

// quantile is of the API's latency: of the classic buckets, or of the native
// histogram where Prometheus keeps that instead.
func quantile(q string) string {
	const family = "qem_api_request_duration_seconds"
	return "histogram_quantile(" + q + ", sum by (operation, le) (rate(" + family + "_bucket[$__rate_interval])))\nor\n" +
		"histogram_quantile(" + q + ", sum by (operation) (rate(" + family + "[$__rate_interval])))"
}

// apiCalls adds up what all exporters ask: the load that the API sees. What a collector
// expects to be answered, such as an object without permissions of its own, is no error.
func apiCalls() []panel {
	return []panel{
		timeSeries("Requests by operation", "no exporter", "Requests a second to the API, by its method.",
			query("sum by (operation) (rate(qem_api_requests_total[$__rate_interval]))", "{{operation}}"), unit("reqps"),
			stacked(), size(8, 9)),
		timeSeries("Requests by status", "no exporter", "Requests a second to the API, by HTTP status. Status error means "+
			"that there was no answer.",
			query("sum by (code) (rate(qem_api_requests_total[$__rate_interval]))", "{{code}}"), unit("reqps"), stacked(),
			coloredLike("^2", "green"), coloredLike("^4", "orange"), coloredLike("^5", "red"),
			coloredLike("error", "dark-red"), size(8, 9)),
		timeSeries("Errors", "no errors are counted", "Requests a second that ended in an error, by the API's method and "+
			"error code, or what else went wrong; the ten most frequent.",
			query(top(10, "operation, error", "sum by (operation, error) (rate(qem_api_errors_total[$__rate_interval]))",
				"sum by (operation, error) (increase(qem_api_errors_total[$__range] @ end()))"), "{{operation}} {{error}}"),
			unit("reqps"), size(8, 9)),
		timeSeries("Latency, 99th percentile", "no exporter", "The time that 99 of 100 requests stayed below, by the API's "+
			"method.",
			query(quantile("0.99"), "{{operation}}"), unit(inSeconds), size(8, 9)),
		timeSeries("Latency, median", "no exporter", "The time that half of the requests stayed below, by the API's method.",
			query(quantile("0.5"), "{{operation}}"), unit(inSeconds), size(8, 9)),
		heatmap("Latency", "no classic buckets", "How many requests a second took how long. Needs the classic buckets of "+
			"the histogram.",
			query("sum by (le) (rate(qem_api_request_duration_seconds_bucket[$__rate_interval]))", "{{le}}"), size(8, 9)),
		timeSeries("Mean latency", "no exporter", "Mean time of a request, by Enterprise Manager.",
			query("sum by (manager) (rate(qem_api_request_duration_seconds_sum[$__rate_interval]))\n/\nsum by (manager) "+
				"(rate(qem_api_request_duration_seconds_count[$__rate_interval]))", "{{manager}}"),
			unit(inSeconds), size(8, 8)),
		timeSeries("Retries", "no retries are counted", "Requests a second that were made again, by the API's method.",
			query("sum by (operation) (rate(qem_api_retries_total[$__rate_interval]))", "{{operation}}"), unit("reqps"),
			size(8, 8)),
		table("Errors in the shown time", "No errors are counted.", "Requests that ended in an error in the shown time, "+
			"the hundred most frequent.",
			[]column{
				value("Errors", 80, "topk(100, sum by (manager, operation, error) (increase(qem_api_errors_total[$__range])) > "+
					"0)", whole()...),
				growing(label("error", 130)), label("operation", 130), label("manager", 100),
			}, sortedBy("Errors"), size(8, 8)),
		stat("Duplicates", "no exporter", "Servers, tasks, tables and samples that were dropped in the shown time because "+
			"the API named them twice.",
			query("sum("+perManager("increase(qem_exporter_duplicates_dropped_total[$__range])")+")", "dropped"), count(),
			uneasy(), listed(uidExporter)),
	}
}

func scrapes() []panel {
	return []panel{
		timeSeries("Scrape duration", "no exporter", "How long Prometheus took to scrape the exporter.",
			query("scrape_duration_seconds"+ofExporters, "{{instance}}"), unit(inSeconds), size(8, 8)),
		timeSeries("Samples", "no exporter", "Samples in a scrape of the exporter.",
			query("scrape_samples_scraped"+ofExporters, "{{instance}}"), unit("short"), size(8, 8)),
		timeSeries("Answers", "no exporter", "Requests for metrics that the exporter answered, by HTTP status, those that "+
			"failed while they were answered, and lines of its log that it could not write.",
			query("sum by (instance, code) (rate(promhttp_metric_handler_requests_total[$__rate_interval])"+ofExporters+")",
				"{{instance}} {{code}}"),
			query("sum by (instance, cause) (rate(promhttp_metric_handler_errors_total[$__rate_interval])"+ofExporters+")",
				"{{instance}} {{cause}} failed"),
			query("sum by (instance) (rate(qem_exporter_log_lines_dropped_total[$__rate_interval]))",
				"{{instance}} log lines lost"),
			unit("reqps"), size(8, 8)),
	}
}

func process() []panel {
	return []panel{
		timeSeries("CPU", "no exporter", "CPU that the exporter uses, in cores.",
			query("rate(process_cpu_seconds_total[$__rate_interval])"+ofExporters, "{{instance}}"), unit("none"), size(8, 8)),
		timeSeries("Memory", "no exporter", "Memory of the exporter: resident, and the Go heap in use.",
			query("process_resident_memory_bytes"+ofExporters, "{{instance}} resident"),
			query("go_memstats_heap_inuse_bytes"+ofExporters, "{{instance}} heap"), unit("bytes"), size(8, 8)),
		timeSeries("Goroutines and files", "no exporter", "Goroutines and open file descriptors of the exporter. Either "+
			"growing without end is a leak.",
			query("go_goroutines"+ofExporters, "{{instance}} goroutines"),
			query("process_open_fds"+ofExporters, "{{instance}} open files"), unit("none"), size(8, 8)),
	}
}
