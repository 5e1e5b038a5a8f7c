//go:build shipped

package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// everything switches on what is off by default.
var everything = []string{
	`shards=3`,
	`commonLabels={"team":"data"}`,
	`image.digest="sha256:` + strings.Repeat("0", 64) + `"`,
	`serviceMonitor={"enabled":true,"scheme":"https","tlsConfig":{"serverName":"qem"},"relabelings":[{"targetLabel":"a"}]}`,
	`podMonitor={"enabled":true,"basicAuth":{"username":{"name":"scrape","key":"user"}},"metricRelabelings":[{"action":"labeldrop"}]}`,
	`prometheusRule.enabled=true`,
	`dashboards={"enabled":true,"folder":"Replication"}`,
	`podDisruptionBudget.enabled=true`,
	`credentials={"existingSecret":"","values":{"password":"p"}}`,
	`extraArgs=["--log.level=debug","--web.enable-lifecycle"]`,
	`nodeSelector.zone="a"`,
	`podLabels.team="crm"`,
	`podAnnotations.note="x"`,
	`priorityClassName="high"`,
	`fullnameOverride="other"`,
	`service={"type":"NodePort","nodePort":30045}`,
	`extraEnv=[{"name":"GOGC","value":"50"}]`,
	`tolerations=[{"operator":"Exists"}]`,
}

func TestChartWithEverything(t *testing.T) {
	out, err := template(t, everything...)
	if err != nil {
		t.Fatal(err)
	}
	m := manifests{T: t, objects: documents(t, "helm template", []byte(out))}
	m.checkAll()
	m.checkMonitoring()
	for path, want := range map[string]string{
		"Secret/metadata/name": "other-credentials", "PodDisruptionBudget/spec/maxUnavailable": "1",
		"ServiceMonitor/spec/endpoints/0/scheme":                                  "https",
		"PodMonitor/spec/podMetricsEndpoints/0/basicAuth/username/name":           "scrape",
		"StatefulSet/spec/template/metadata/labels/team":                          "crm",
		"StatefulSet/spec/template/spec/containers/0/livenessProbe/httpGet":       "map[path:/-/healthy port:metrics]",
		"NetworkPolicy/metadata/labels/team":                                      "data",
		"StatefulSet/spec/template/spec/containers/0/env/2/name":                  "GOGC",
		"StatefulSet/spec/template/spec/containers/0/livenessProbe/periodSeconds": "10",
	} {
		kind, path, _ := strings.Cut(path, "/")
		if got := m.text(m.one(kind), path); got != want {
			t.Errorf("%s of the %s is %s, want %s", path, kind, got, want)
		}
	}
	if image := m.text(m.container(), "image"); !strings.Contains(image, "@sha256:000") {
		t.Errorf("the image is %s", image)
	}
	kubecheck(t, out)
}

// What is only now and then wanted has its effect.
func TestChartValues(t *testing.T) {
	for set, wants := range map[string][]string{
		`web.existingSecret="web"`: {
			"--web.config.file=/etc/qem_exporter/web/web.yml", "healthcheck", "secretName: web", "mountPath: /etc/qem_exporter/web",
		},
		`probes={"type":"tcp"}`: {"tcpSocket"},
		`probes={"type":"http","scheme":"HTTPS","headers":[{"name":"Authorization","value":"Basic x"}]}`: {"scheme: HTTPS", "value: Basic x"},
		`prometheusRule={"enabled":true,"thresholds":{"server_memory_bytes":1e9}}`:                       {"expr: vector(1e+09)"},
		`service={"type":"NodePort","nodePort":30045}`:                                                   {"nodePort: 30045"},
	} {
		out, err := template(t, set)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not give %s", set, want)
			}
		}
		kubecheck(t, out)
	}
}

// What cannot work is refused before it is installed.
func TestChartRefuses(t *testing.T) {
	manager := func(field string) string {
		return `config.enterprise_managers=[{"url":"https://qem","auth":{"username":"a","password_file":"p"},` + field + `}]`
	}
	for set, want := range map[string]string{
		manager(`"auth":{"type":"foo"}`):                        "auth/type",
		manager(`"url":"ftp://x"`):                              "url",
		manager(`"poll_intervall":"1m"`):                        "poll_intervall",
		`config.enterprise_managers=[]`:                         "enterprise_managers",
		`credentials={"existingSecret":""}`:                     "credentials",
		`credentials={"existingSecret":"a","values":{"b":""}}`:  "credentials",
		`credentials={"existingSecret":"a","values":{"b":"c"}}`: "not both",
		`shards=0`:                    "shards",
		`probes.type="grpc"`:          "probes",
		`image.digest="latest"`:       "digest",
		`serviceMonitor.scheme="ftp"`: "scheme",
		`prometheusRule={"enabled":true,"thresholds":{"colour":1}}`: "there is no colour",
		`nothing=1`: "nothing",
	} {
		if out, err := template(t, set); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives no error about %s: %v %.100s", set, want, err, out)
		}
	}
}

// The values that the chart's README shows.
func TestChartReadme(t *testing.T) {
	page := string(readFile(t, chart+"/README.md"))
	_, values, _ := strings.Cut(page, "```yaml values\n")
	values, _, found := strings.Cut(values, "```\n")
	if !found {
		t.Fatal("the README shows no values")
	}
	file := filepath.Join(t.TempDir(), "my-values.yaml")
	writeFile(t, file, values)
	out, err := exec.CommandContext(t.Context(), "../scripts/tool", "helm", "template", "qem-exporter", chart,
		"--kube-version=1.34.0", "--values="+file).Output()
	if err != nil {
		t.Fatal(err)
	}
	kubecheck(t, string(out))
	m := manifests{T: t, objects: documents(t, "helm template", out)}
	m.checkMonitoring()
	m.one("ServiceMonitor")
}

func TestChartLint(t *testing.T) {
	script(t, nil, "tool", "helm", "lint", "--strict", chart)
}

// The manifests are what kustomize makes of them, and so is the overlay that the README shows.
func TestKustomized(t *testing.T) {
	dir := t.TempDir()
	page := string(readFile(t, "kubernetes/README.md"))
	_, overlay, found := strings.Cut(page, "```yaml kustomize\n")
	overlay, _, ends := strings.Cut(overlay, "```\n")
	if !found || !ends {
		t.Fatal("the README shows no overlay")
	}
	repository, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "repository") // kustomize wants the base beside the overlay
	if err := os.CopyFS(copied+"/deploy", os.DirFS(repository+"/deploy")); err != nil {
		t.Fatal(err)
	}
	overlay = strings.Replace(
		overlay,
		"github.com/qem-exporter/qem_exporter/deploy/kubernetes?ref=v"+version(t),
		"../repository/deploy/kubernetes",
		1,
	)
	if err := os.Mkdir(filepath.Join(dir, "overlay"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "overlay/kustomization.yaml"), overlay)
	writeFile(t, filepath.Join(dir, "overlay/config.yml"), string(readFile(t, "kubernetes/config.yml")))
	for folder, shards := range map[string]string{"repository/deploy/kubernetes": "1", "overlay": "4"} {
		out := kustomize(t, filepath.Join(dir, folder))
		kubecheck(t, out)
		m := manifests{T: t, objects: documents(t, folder, []byte(out))}
		m.checkAll()
		m.checkMonitoring()
		if got := m.text(m.one("StatefulSet"), "spec/replicas"); got != shards {
			t.Errorf("%s has %s shards, want %s", folder, got, shards)
		}
	}
}

func kustomize(t *testing.T, folder string) string {
	t.Helper()
	// The manifests take the dashboards from the chart, beside them.
	cmd := exec.CommandContext(t.Context(), "../scripts/tool", "kustomize", "build", folder)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	return string(out)
}

// kubecheck holds objects against the types of Kubernetes and the Prometheus Operator.
func kubecheck(t *testing.T, objects string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Dir, cmd.Stdin = "kubecheck", strings.NewReader(objects)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
