package aemtest

import "fmt"

// endpointKind is a database or the like, with the word that it has in names.
type endpointKind struct{ word, kind string }

func sources() []endpointKind {
	return []endpointKind{
		{"ORA", "Oracle"}, {"SQL", "Microsoft SQL Server"}, {"PG", "PostgreSQL"}, {"DB2", "IBM DB2 for z/OS"},
		{"HANA", "SAP HANA"}, {"MYSQL", "MySQL"}, {"SF", "Salesforce"},
	}
}

func targets() []endpointKind {
	return []endpointKind{
		{"SNOW", "Snowflake"}, {"KAFKA", "Kafka"}, {"ADLS", "Microsoft Azure ADLS"}, {"DBX", "Databricks Lakehouse (Delta)"},
		{"BQ", "Google Cloud BigQuery"}, {"RS", "Amazon Redshift"}, {"SQL", "Microsoft SQL Server"}, {"S3", "Amazon S3"},
	}
}

func domains() []string {
	return []string{
		"SALES", "ORDERS", "BILLING", "HR", "INVENTORY", "CLAIMS", "LEDGER", "SHIPPING", "CRM", "PRICING",
		"SUPPLIERS", "POLICIES", "CARDS", "LOANS", "ASSETS", "TICKETS", "RETURNS", "PAYROLL", "METERS", "FLEET",
		"STORES", "LOYALTY", "RISK",
	}
}

func projects() []string {
	return []string{"SalesDW", "FinanceDW", "CustomerMart", "RiskLake", "OpsDW"}
}

// tagPool are the tags that tasks have; some tell their latency objective.
func tagPool() []string {
	return []string{"prod", "tier1", "latency_objective=5m", "pii", "tier2", "team sales", "latency_objective=90s",
		"batch", "latency_objective=1h30m"}
}

// schemaTables are the tables that most tasks have some of.
func schemaTables() []tableKey {
	return []tableKey{
		{"SALES", "ORDERS"}, {"SALES", "ORDER_LINES"}, {"SALES", "CUSTOMERS"}, {"SALES", "INVOICES"},
		{"HR", "EMPLOYEES"}, {"SALES", "PAYMENTS"}, {"FIN", "LEDGER_ENTRIES"}, {"FIN", "ACCOUNTS"},
		{"dbo", "Product Catalogue"}, {"dbo", "Stock"}, {"dbo", "Shipments"}, {"public", "events"},
		{"public", "users"}, {"public", "sessions"}, {"FIN", "CURRENCIES"}, {"HR", "PAYSLIPS"},
	}
}

// oddTasks are names that need care in a URL or in a label.
func oddTasks() []string {
	return []string{
		" leading blank", "trailing blank ", "a/slash", `back\slash`, "100% done", "percent%20encoded", "hash#tag",
		"what?", "plus+plus", "this&that", `double "quotes"`, "it's", "semi;colon, comma", "stars*[and]{braces}",
		"equals=colon:", "Zürich Straße", "日本語のタスク", "emoji 🚚", "two  blanks", "name__with__underscores",
		"Case", "case", "CASE", "<b>bold</b>", "$type", "action=export", "..dots..", "~tilde^", "|pipe|`tick`",
	}
}

// oddTables are names that need care in a query or in a label.
func oddTables() []tableKey {
	return []tableKey{
		{"odd schema", "100%"}, {"odd schema", "a/b"}, {"odd schema", `c\d`}, {"odd schema", `"quoted"`},
		{"Größe", "Maße"}, {"Case", "T"}, {"case", "t"}, {"Case", "t"}, {"", "no schema"}, {" ", " "}, {"a&b", "c=d+e"},
		{"数据", "表"},
	}
}

// taskName is the name of the nth task of a server: unique, and most of the time
// what people call a task.
func taskName(n int, source, target endpointKind) string {
	list := domains()
	domain := list[n%len(list)]
	round := n / len(list)
	if n%10 == 1 {
		name := fmt.Sprintf("%s feed to %s", domain, target.word)
		if round > 0 {
			name = fmt.Sprintf("%s %d", name, round+1)
		}
		return name
	}
	name := source.word + "2" + target.word + "_" + domain
	if round > 0 {
		name = fmt.Sprintf("%s_%02d", name, round+1)
	}
	return name
}

func serverNames(n int) (name, host string) {
	switch n {
	case 2:
		return "Local Server", "10.0.0.12"
	case 4:
		return "repl-dr-01", "repl-dr-01.example.net"
	case 5:
		return "repl-lab", "repl-lab.example.net"
	}
	name = fmt.Sprintf("repl-prod-%02d", n+1)
	return name, name + ".example.net"
}
