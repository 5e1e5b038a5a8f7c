package deploy_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	rulesFile      = "../alerts/qem.rules.yml"
	dashboardFiles = "../dashboards/*.json"
	kubernetes     = "kubernetes"
	chart          = "helm/qem-exporter"
)

const ruleHeader = `# Made of alerts/qem.rules.yml by make generate.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: qem-exporter
spec:
`

// TestPrometheusRule holds the manifest against the rules file, whose text it has.
func TestPrometheusRule(t *testing.T) {
	var b strings.Builder
	b.WriteString(ruleHeader)
	for line := range strings.Lines(string(readFile(t, rulesFile))) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("  ")
		}
		b.WriteString(line)
	}
	same(t, filepath.Join(kubernetes, "prometheusrule.yaml"), []byte(b.String()))
	same(t, filepath.Join(chart, "rules/qem.rules.yml"), readFile(t, rulesFile))
}

// No manifest is forgotten.
func TestKustomization(t *testing.T) {
	resources := list[string](t, document(t, filepath.Join(kubernetes, "kustomization.yaml")), "resources")
	for _, name := range names(glob(t, filepath.Join(kubernetes, "*.yaml"))) {
		used := slices.Contains(resources, name)
		if want := name != "kustomization.yaml" && name != "secret.example.yaml"; used != want {
			t.Errorf("%s is a resource %t, want %t", name, used, want)
		}
	}
	if !slices.Contains(resources, "../"+chart+"/dashboards") {
		t.Error("the dashboards are not there")
	}
}

const dashboardsHeader = `# A ConfigMap for each dashboard, because all of them are too large for one that kubectl
# applies. The JSON files are copies of those in dashboards/ of the repository; they and
# this file are made by make generate.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
generatorOptions:
  disableNameSuffixHash: true
  labels:
    grafana_dashboard: "1"
configMapGenerator:
`

// maxApplied is the size of the annotation in which kubectl apply keeps an object.
const maxApplied = 262_144

func TestDashboards(t *testing.T) {
	dir := filepath.Join(chart, "dashboards")
	text := dashboardsHeader
	originals := glob(t, dashboardFiles)
	for _, path := range originals {
		name, data := filepath.Base(path), readFile(t, path)
		same(t, filepath.Join(dir, name), data)
		text += fmt.Sprintf("  - name: qem-exporter-dashboard-%s\n    files: [%s]\n", strings.TrimSuffix(name, ".json"), name)
		quoted, err := json.Marshal(string(data))
		if err != nil || len(quoted) > maxApplied-2000 {
			t.Errorf("%s is %d bytes long as a JSON string (%v): kubectl cannot apply it", name, len(quoted), err)
		}
	}
	same(t, filepath.Join(dir, "kustomization.yaml"), []byte(text))
	if got := names(glob(t, filepath.Join(dir, "*.json"))); !slices.Equal(got, names(originals)) {
		t.Errorf("the chart has the dashboards %q: delete what is not in the repository any more", got)
	}
}
