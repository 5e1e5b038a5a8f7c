package generate

import (
	"fmt"
	"strings"
)

// The alerts of this project's rules that fire, but the one that always does.
const (
	firing   = `ALERTS{alertstate="firing",alertname=~"Qem.+",severity=~"critical|warning"}`
	runbooks = "https://github.com/qem-exporter/qem_exporter/blob/main/docs/runbooks/"
)

// alertMarks marks in all panels when which alerts fired.
func alertMarks(k families, variables []variable) (annotation, error) {
	expr, _, err := k.expand("topk(10, count by (alertname, severity) ("+firing+"))", variables)
	return annotation{
		Name: "Alerts", Datasource: *prometheus(), Enable: true, IconColor: "red", Expr: expr, Step: pollInterval,
		TitleFormat: "{{alertname}}", TextFormat: "{{severity}}", TagKeys: "severity",
	}, err
}

// alertList is a list of the alerts that fire, the critical ones first.
func alertList(of string, width int) panel {
	const labels = "alertname, severity, manager, server, task"
	by := func(severity string, rank int) string {
		return fmt.Sprintf("0 * max by (%s) (%s) + %d", labels, strings.Replace(firing, "critical|warning", severity, 1),
			rank)
	}
	columns := []column{
		label("alertname", 230, under("Alert"), property{"links", []dataLink{{
			Title: "Open the runbook", URL: runbooks + "${__data.fields.alertname}.md", TargetBlank: true,
		}}}),
		value("Severity", 80, "topk(12, "+by("critical", 2)+"\nor\n"+by("warning", 1)+")", asWords(texts([]string{"1", "2"},
			state{"", "Warning", "orange"}, state{"", "Critical", "red"}))...),
		growing(label("task", 160)),
		label("server", 130),
		label("manager", 100),
	}
	return table("Alerts that fire", "No alert fires. None can where the rules in alerts/ are not loaded.",
		"Alerts of this project's rules that fire now"+of+", the critical ones first, twelve at most. Click on one for its "+
			"runbook.",
		columns, sortedBy("Severity"), size(width, 9))
}
