// Package dashboards holds the Grafana dashboards as Grafana reads them. They are
// made by "go generate ./dashboards" out of the descriptions in internal/generate;
// change those, not the JSON.
package dashboards

//go:generate go run ./gen .
