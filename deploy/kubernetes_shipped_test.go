//go:build shipped

package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
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
	kubeconform(t, out)
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
		kubeconform(t, out)
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
	file := filepath.Join(t.TempDir(), "my-values.yaml")
	writeFile(t, file, shownBlock(t, chart+"/README.md", "yaml values"))
	out, err := tool(t, "", "helm", "template", "qem-exporter", chart, "--kube-version=1.34.0", "--values="+file)
	if err != nil {
		t.Fatal(err)
	}
	kubeconform(t, out)
	m := manifests{T: t, objects: documents(t, "helm template", []byte(out))}
	m.checkMonitoring()
	m.one("ServiceMonitor")
}

// shownBlock is the block of a page with the info that is given.
func shownBlock(t *testing.T, page, info string) string {
	t.Helper()
	_, block, _ := strings.Cut(string(readFile(t, page)), "```"+info+"\n")
	block, _, found := strings.Cut(block, "```\n")
	if !found {
		t.Fatalf("%s shows no %s", page, info)
	}
	return block
}

func TestChartLint(t *testing.T) {
	script(t, nil, "tool", "helm", "lint", "--strict", chart)
}

// The manifests are what kustomize makes of them, and so is the overlay that the README shows.
func TestKustomized(t *testing.T) {
	dir := t.TempDir()
	overlay := shownBlock(t, "kubernetes/README.md", "yaml kustomize")
	if err := os.CopyFS(dir+"/repository/deploy", os.DirFS(".")); err != nil { // kustomize wants the base beside it
		t.Fatal(err)
	}
	overlay = strings.Replace(overlay, "github.com/qem-exporter/qem_exporter/deploy/kubernetes?ref=v"+version(t),
		"../repository/deploy/kubernetes", 1)
	if err := os.Mkdir(filepath.Join(dir, "overlay"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "overlay/kustomization.yaml"), overlay)
	writeFile(t, filepath.Join(dir, "overlay/config.yml"), string(readFile(t, "kubernetes/config.yml")))
	for folder, shards := range map[string]string{"repository/deploy/kubernetes": "1", "overlay": "4"} {
		out, err := tool(t, "", "kustomize", "build", filepath.Join(dir, folder))
		if err != nil {
			t.Fatal(err)
		}
		kubeconform(t, out)
		m := manifests{T: t, objects: documents(t, folder, []byte(out))}
		m.checkAll()
		m.checkMonitoring()
		if got := m.text(m.one("StatefulSet"), "spec/replicas"); got != shards {
			t.Errorf("%s has %s shards, want %s", folder, got, shards)
		}
	}
}

// kubeconform holds objects against the schemas of Kubernetes and the Prometheus Operator.
func kubeconform(t *testing.T, objects string) {
	t.Helper()
	if out, err := conforms(t, objects); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func conforms(t *testing.T, objects string) (string, error) {
	t.Helper()
	folder, err := schemas()
	if err != nil {
		t.Fatal(err)
	}
	return tool(t, objects, "kubeconform", "-strict", "-schema-location", folder+"/{{.ResourceKind}}.json")
}

// Where the kinds that are used here are described: in the API server's own OpenAPI documents,
// and in the definitions that the Prometheus Operator brings.
const (
	apiServer     = "k8s.io/kubernetes@v1.37.2"
	documentFiles = "api/openapi-spec/v3/%s_openapi.json"
	operator      = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
	resourceFiles = "example/prometheus-operator-crd/monitoring.coreos.com_%ss.yaml"
)

// schemas makes a JSON schema of each kind, as kubeconform wants them, and returns their folder.
// They come as Go modules do, so nothing but a module proxy is needed.
var schemas = sync.OnceValues(func() (string, error) {
	folder := filepath.Join(filepath.Dir(binary), "schemas") // which ends with the tests
	if err := os.Mkdir(folder, 0o755); err != nil {
		return "", err
	}
	write := func(kind string, schema object) error {
		closed(schema)
		data, err := json.Marshal(schema)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, kind+".json"), data, 0o600)
	}
	for file, kinds := range map[string][]string{
		"api__v1":                     {"ConfigMap", "Secret", "Service", "ServiceAccount"},
		"apis__apps__v1":              {"StatefulSet"},
		"apis__networking.k8s.io__v1": {"NetworkPolicy"},
		"apis__policy__v1":            {"PodDisruptionBudget"},
	} {
		described, err := ofModule(apiServer, fmt.Sprintf(documentFiles, file))
		if err != nil {
			return "", err
		}
		components := described["components"].(object)
		for name := range components["schemas"].(object) {
			kind := name[strings.LastIndex(name, ".")+1:]
			if !slices.Contains(kinds, kind) {
				continue
			}
			schema := object{"$ref": "#/components/schemas/" + name, "components": components}
			if err := write(strings.ToLower(kind), schema); err != nil {
				return "", err
			}
		}
	}
	for _, kind := range []string{"servicemonitor", "podmonitor", "prometheusrule"} {
		definition, err := ofModule(operator, fmt.Sprintf(resourceFiles, kind))
		if err != nil {
			return "", err
		}
		version := definition["spec"].(object)["versions"].([]any)[0].(object)
		if err := write(kind, version["schema"].(object)["openAPIV3Schema"].(object)); err != nil {
			return "", err
		}
	}
	return folder, nil
})

// ofModule is a file of a module, in JSON or YAML.
func ofModule(module, file string) (parsed object, err error) {
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = os.TempDir() // the module is none of this one's
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", module, err, out)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(out, &downloaded); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(downloaded.Dir, file))
	if err != nil {
		return nil, err
	}
	return parsed, yaml.Unmarshal(data, &parsed)
}

// closed has a schema refuse fields that it does not have, as an API server does that is told to
// be strict.
func closed(node any) {
	switch n := node.(type) {
	case object:
		_, described := n["properties"].(object)
		if described && n["additionalProperties"] == nil && n["x-kubernetes-preserve-unknown-fields"] == nil {
			n["additionalProperties"] = false
		}
		for _, child := range n {
			closed(child)
		}
	case []any:
		for _, child := range n {
			closed(child)
		}
	}
}

// An object with a slip is refused: the schemas are closed, and know what is required.
func TestSchemasRefuse(t *testing.T) {
	for slip, want := range map[string]string{
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 1}], selektor: {}}}": "selektor",
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: one}]}}":             "port",
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{}]}}":                      "port",
		"{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: a}, spec: {}}":    "endpoints",
		"{apiVersion: v1, kind: Nothing, metadata: {name: a}}":                                           "Nothing",
	} {
		if out, err := conforms(t, slip); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s is not refused for %s: %v\n%s", slip, want, err, out)
		}
	}
}
