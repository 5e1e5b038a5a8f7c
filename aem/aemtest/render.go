package aemtest

// enum is a value of the API with its name in the guide, when that differs, and
// its number in the SDKs.
type enum struct {
	guide  string
	number int64
}

var (
	serverStates = map[string]enum{NotMonitored: {"", 0}, Monitored: {"", 1}, ServerError: {"", 2}}
	platforms    = map[string]enum{"UNKNOWN": {"", 0}, "WINDOWS": {"", 1}, "LINUX": {"", 2}}
	licenses     = map[string]enum{
		"VALID_LICENSE":            {"LICENSE_VALID", 0},
		"INVALID_LICENSE_CHECKSUM": {"LICENSE_INVALID_CHECKSUM", 1},
		"EXPIRED_LICENSE":          {"LICENSE_EXPIRED", 2},
		"NO_LICENSE":               {"", 3},
		"MACHINE_NOT_LICENSED":     {"", 4},
		"INVALID_LICENSE":          {"", 5},
	}
	taskStates  = map[string]enum{Stopped: {"", 0}, Running: {"", 1}, Failed: {"", 2}, Recovery: {"RECOVERING", 3}}
	stopReasons = map[string]enum{
		"NONE":                           {"", 0},
		"NORMAL":                         {"", 1},
		"RECOVERABLE_ERROR":              {"", 2},
		"FATAL_ERROR":                    {"", 3},
		"FULL_LOAD_ONLY_FINISHED":        {"", 4},
		"STOPPED_AFTER_FULL_LOAD":        {"", 5},
		"STOPPED_AFTER_CACHED_EVENTS":    {"", 6},
		"EXPRESS_LICENSE_LIMITS_REACHED": {"", 7},
		"STOPPED_AFTER_DDL_APPLY":        {"", 8},
		"STOPPED_LOW_MEMORY":             {"", 9},
		"STOPPED_LOW_DISK_SPACE":         {"STOPPED_LOW_DISK", 10},
	}
	tableStates = map[string]enum{
		TableQueued: {"", 0}, TableLoading: {"", 1}, TableCompleted: {"", 2}, TableChangeProcessing: {"", 3}, TableError: {"", 4},
	}
)

// enum writes a value of an enum as the shape spells it; a value without a
// spelling as it is.
func (w *writer) enum(k, v string, values map[string]enum) {
	if w.shape != RealWorld {
		if e, ok := values[v]; ok {
			if w.shape == Legacy {
				w.bare(k, e.number)
				return
			}
			if e.guide != "" {
				v = e.guide
			}
		}
	}
	w.str(k, v)
}

// message writes the error text of a task.
func (w *writer) message(v string) {
	if v == "" && w.shape == Guide {
		v = "NONE"
	}
	w.str("message", v)
}

// orNull writes a text, or null for none.
func (w *writer) orNull(k, v string) {
	if v == "" && w.shape != Guide {
		w.null(k)
		return
	}
	w.str(k, v)
}

// kind is the word that begins a server's $type.
func (v *ServerState) kind() string {
	if v.Product == Compose {
		return "Compose"
	}
	return "Replicate"
}

// serverType writes the member type, which only present releases have.
func (w *writer) serverType(v *ServerState) {
	if w.shape != RealWorld {
		return
	}
	if v.Product == Compose {
		w.str("type", "COMPOSE")
	} else {
		w.str("type", "REPLICATE")
	}
}

// serverInfo writes a row of the server list.
func (w *writer) serverInfo(v *ServerState) {
	w.open()
	w.str("$type", v.kind()+"ServerInfo")
	w.str("name", v.Name)
	w.str("description", v.Description)
	w.str("host", v.Host)
	w.str("port", v.Port)
	w.enum("state", v.State, serverStates)
	w.str("message", v.Message)
	w.enum("platform", v.Platform, platforms)
	w.orNull("version", v.Version)
	w.when("last_connection", v.LastConnection)
	w.serverType(v)
	w.close()
}

// serverDetails writes a server in detail.
func (w *writer) serverDetails(v *ServerState) {
	w.open()
	user := "user_name"
	if w.shape == Guide {
		w.object("serverDetails")
		user = "username"
	} else {
		w.object("server_details")
	}
	w.str("$type", v.kind()+"ServerDetails")
	w.str("name", v.Name)
	w.str("description", v.Description)
	w.object("configuration")
	w.str("host", v.Host)
	w.enum("platform", v.Platform, platforms)
	w.str("port", v.Port)
	w.str(user, v.User)
	w.close()
	w.enum("state", v.State, serverStates)
	w.str("message", v.Message)
	w.orNull("version", v.Version)
	w.license(&v.License)
	w.when("last_connection", v.LastConnection)
	w.object("task_summary")
	w.num("total", v.Summary.Total)
	w.num("running", v.Summary.Running)
	w.num("stopped", v.Summary.Stopped)
	w.num("recovering", v.Summary.Recovering)
	w.num("error", v.Summary.Error)
	w.close()
	w.object("resource_utilization")
	w.num("disk_usage_mb", v.Utilization.DiskMB)
	w.num("memory_mb", v.Utilization.MemoryMB)
	w.num("attunity_cpu_percentage", v.Utilization.ReplicateCPU)
	w.num("machine_cpu_percentage", v.Utilization.MachineCPU)
	w.close()
	w.serverType(v)
	w.close()
	w.close()
}

func (w *writer) license(v *License) {
	w.object("license")
	w.date("issue_date", v.Issued)
	w.enum("state", v.State, licenses)
	w.date("expiration", v.Expires)
	if v.Expires.IsZero() {
		w.null("days_to_expiration")
	} else {
		w.num("days_to_expiration", v.Days)
	}
	w.close()
}

// taskInfo writes a row of a task list.
func (w *writer) taskInfo(v *Task) {
	w.open()
	w.str("name", v.Name)
	w.enum("state", v.State, taskStates)
	w.enum("stop_reason", v.StopReason, stopReasons)
	w.message(v.Message)
	w.strings("assigned_tags", v.Tags)
	w.close()
}

// tableInfo writes a row of a table list.
func (w *writer) tableInfo(v *Table) {
	w.open()
	w.str("schema", v.Schema)
	w.str("table", v.Name)
	w.enum("state", v.State, tableStates)
	w.close()
}

// tableStatus writes one table in detail.
func (w *writer) tableStatus(v *Table) {
	w.open()
	w.str("schema_on_source", v.Schema)
	w.str("table_on_source", v.Name)
	w.str("schema_on_target", v.TargetSchema)
	w.str("table_on_target", v.TargetName)
	w.enum("state", v.State, tableStates)
	w.num("data_errors_count", v.DataErrors)
	w.object("table_full_load_info")
	w.when("start_time", v.Start)
	w.when("end_time", v.End)
	w.num("estimated_row_count", v.EstimatedRows)
	w.null("estimated_end_time")
	w.num("transferred_row_count", v.TransferredRows)
	w.num("transferred_volume_mb", v.TransferredBytes)
	w.close()
	w.object("table_cdc_info")
	w.num("insert_count", v.Changes.Inserts)
	w.num("update_count", v.Changes.Updates)
	w.num("delete_count", v.Changes.Deletes)
	w.num("ddl_count", v.Changes.DDL)
	if v.LastUpdate.IsZero() {
		w.null("last_update_time")
	} else {
		w.when("last_update_time", v.LastUpdate)
	}
	w.num("cached_insert_count", v.CachedInserts)
	w.num("cached_update_count", v.CachedUpdates)
	w.num("cached_delete_count", v.CachedDeletes)
	w.close()
	w.close()
}
