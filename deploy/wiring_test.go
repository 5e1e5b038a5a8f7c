package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qem-exporter/qem_exporter/internal/config"
)

// manifests are the objects of a deployment, whoever has rendered them.
type manifests struct {
	*testing.T
	objects []object
}

// all are the objects of a kind.
func (m manifests) all(kind string) []object {
	var found []object
	for _, o := range m.objects {
		if o["kind"] == kind {
			found = append(found, o)
		}
	}
	return found
}

// one is the only object of a kind.
func (m manifests) one(kind string) object {
	m.Helper()
	found := m.all(kind)
	if len(found) != 1 {
		m.Fatalf("there are %d objects of kind %s, want 1", len(found), kind)
	}
	return found[0]
}

func (m manifests) named(kind, name string) object {
	m.Helper()
	for _, o := range m.all(kind) {
		if at(m.T, o, "metadata/name") == name {
			return o
		}
	}
	m.Fatalf("there is no %s %s", kind, name)
	return nil
}

func (m manifests) text(node any, path string) string {
	m.Helper()
	return fmt.Sprint(at(m.T, node, path))
}

// checkAll checks that the objects fit together, and that they fit the exporter.
func (m manifests) checkAll() {
	m.Helper()
	seen := map[string]bool{}
	for _, o := range m.objects {
		id := fmt.Sprint(o["apiVersion"], " ", o["kind"], " ", m.text(o, "metadata/name"))
		if o["apiVersion"] == nil || seen[id] {
			m.Errorf("%s has no version, or is there twice", id)
		}
		seen[id] = true
	}
	m.checkShards()
	m.checkSecurity()
	m.checkVolumes()
	m.checkServices()
	m.checkNetworkPolicy()
}

func (m manifests) container() object {
	return at(m.T, m.one("StatefulSet"), "spec/template/spec/containers/0").(object)
}

func (m manifests) podLabels() any {
	return at(m.T, m.one("StatefulSet"), "spec/template/metadata/labels")
}

// The flags of a pod, with its variables put in, are flags of the exporter, and the
// pods together poll everything once.
func (m manifests) checkShards() {
	set, c := m.one("StatefulSet"), m.container()
	if !selects(at(m.T, set, "spec/selector/matchLabels"), m.podLabels()) {
		m.Error("the StatefulSet does not select its own pods")
	}
	if m.text(c, "env/0/name") != "SHARD" ||
		m.text(c, "env/0/valueFrom/fieldRef/fieldPath") != "metadata.labels['apps.kubernetes.io/pod-index']" {
		m.Errorf("the shard is not the pod's ordinal: %v", at(m.T, c, "env/0"))
	}
	if m.text(c, "env/1/name") != "TOTAL_SHARDS" || m.text(c, "env/1/value") != m.text(set, "spec/replicas") {
		m.Errorf("the shards %v are not as many as the replicas %v", at(m.T, c, "env/1"), at(m.T, set, "spec/replicas"))
	}
	if _, ok := at(m.T, c, "env/1/value").(string); !ok {
		m.Error("the value of a variable is no string")
	}
	args := list[string](m.T, c, "args")
	if !slices.Contains(args, "--shard=$(SHARD)") || !slices.Contains(args, "--total-shards=$(TOTAL_SHARDS)") {
		m.Errorf("the arguments %q do not shard", args)
	}
	expand := strings.NewReplacer("$(SHARD)", "0", "$(TOTAL_SHARDS)", m.text(set, "spec/replicas"))
	for i := range args {
		args[i] = expand.Replace(args[i])
	}
	knowsFlags(m.T, args...)
	if policy := m.text(set, "spec/podManagementPolicy"); policy != "Parallel" {
		m.Errorf("pods are started %s: a shard that is not ready holds up the others", policy)
	}
}

// What the Pod Security Standard "restricted" asks for, and a read-only file system.
func (m manifests) checkSecurity() {
	pod := at(m.T, m.one("StatefulSet"), "spec/template/spec")
	for path, want := range map[string]string{
		"securityContext/runAsNonRoot":                          "true",
		"securityContext/runAsUser":                             "65532",
		"securityContext/seccompProfile/type":                   "RuntimeDefault",
		"automountServiceAccountToken":                          "false",
		"containers/0/securityContext/allowPrivilegeEscalation": "false",
		"containers/0/securityContext/readOnlyRootFilesystem":   "true",
		"containers/0/securityContext/capabilities/drop":        "[ALL]",
	} {
		if got := m.text(pod, path); got != want {
			m.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	for _, path := range []string{"requests/cpu", "requests/memory", "limits/memory"} {
		at(m.T, pod, "containers/0/resources/"+path)
	}
	if account := m.text(pod, "serviceAccountName"); account != "default" {
		m.named("ServiceAccount", account)
	}
}

// The configuration that is mounted is one that the exporter loads, and its
// credentials are read from where the Secret is mounted.
func (m manifests) checkVolumes() {
	c := m.container()
	volumes := map[string]object{}
	for _, v := range list[object](m.T, m.one("StatefulSet"), "spec/template/spec/volumes") {
		volumes[v["name"].(string)] = v
	}
	mounted := map[string]string{}
	for _, mount := range list[object](m.T, c, "volumeMounts") {
		name := mount["name"].(string)
		if volumes[name] == nil {
			m.Errorf("there is no volume %s to mount", name)
		}
		mounted[name] = mount["mountPath"].(string)
	}
	for name := range volumes {
		if mounted[name] == "" {
			m.Errorf("volume %s is not mounted", name)
		}
	}
	if !slices.Contains(list[string](m.T, c, "args"), "--config.file="+mounted["config"]+"/config.yml") {
		m.Errorf("the configuration is mounted in %s, but not taken from there", mounted["config"])
	}
	// The Secret has one file, for the time of the test in a folder of its own.
	secret := m.TempDir()
	if err := os.WriteFile(filepath.Join(secret, "password"), []byte("p"), 0o600); err != nil {
		m.Fatal(err)
	}
	text := m.text(m.named("ConfigMap", m.text(volumes["config"], "configMap/name")), "data/config.yml")
	text = strings.ReplaceAll(text, mounted["credentials"]+"/", secret+"/")
	cfg, err := config.Parse("config.yml", []byte(text), func(string) string { return "" })
	if err != nil {
		m.Fatal(err)
	}
	for _, manager := range cfg.Managers() {
		if file := manager.Auth.PasswordFile; file != filepath.Join(secret, "password") {
			m.Errorf("%s reads its password from %s, not from the Secret in %s", manager.Name, file, mounted["credentials"])
		}
	}
	m.text(volumes["credentials"], "secret/secretName")
}

// Every Service, probe and ServiceMonitor leads to a port that the exporter serves.
func (m manifests) checkServices() {
	set, c := m.one("StatefulSet"), m.container()
	if name, port := m.text(c, "ports/0/name"), m.text(c, "ports/0/containerPort"); name != "metrics" || port != "10045" {
		m.Errorf("the port is %s %s", name, port)
	}
	for probe, path := range map[string]string{"livenessProbe": "/-/healthy", "readinessProbe": "/-/ready"} {
		if got := m.text(c, probe+"/httpGet/path"); got != path {
			m.Errorf("the %s asks %s, want %s", probe, got, path)
		}
		if port := m.text(c, probe+"/httpGet/port"); port != "metrics" {
			m.Errorf("the %s asks port %s", probe, port)
		}
	}
	for _, s := range m.all("Service") {
		if !selects(at(m.T, s, "spec/selector"), m.podLabels()) || m.text(s, "spec/ports/0/targetPort") != "metrics" {
			m.Errorf("Service %s leads nowhere", m.text(s, "metadata/name"))
		}
	}
	pods := m.named("Service", m.text(set, "spec/serviceName"))
	if m.text(pods, "spec/clusterIP") != "None" || m.text(pods, "spec/publishNotReadyAddresses") != "true" {
		m.Error("the StatefulSet's Service does not have a name for every pod")
	}
	for _, monitor := range m.all("ServiceMonitor") {
		m.checkMonitor(monitor, pods)
	}
}

// A ServiceMonitor selects the Service with every pod, and no other, which would
// have Prometheus scrape everything twice.
func (m manifests) checkMonitor(monitor, pods object) {
	selector := at(m.T, monitor, "spec/selector/matchLabels")
	for _, s := range m.all("Service") {
		want := reflect.DeepEqual(s, pods)
		if got := selects(selector, at(m.T, s, "metadata/labels")); got != want {
			m.Errorf("Service %s is selected %t by the ServiceMonitor, want %t", m.text(s, "metadata/name"), got, want)
		}
	}
	if m.text(monitor, "spec/endpoints/0/port") != m.text(pods, "spec/ports/0/name") ||
		m.text(monitor, "spec/endpoints/0/path") != "/metrics" {
		m.Error("the ServiceMonitor asks what no Service has")
	}
	// Without it, the labels server, task and the like of a target would rename ours.
	if m.text(monitor, "spec/endpoints/0/honorLabels") != "true" {
		m.Error("the ServiceMonitor does not honour our labels")
	}
}

func (m manifests) checkNetworkPolicy() {
	p := m.one("NetworkPolicy")
	if !selects(at(m.T, p, "spec/podSelector/matchLabels"), m.podLabels()) {
		m.Error("the NetworkPolicy is not about the exporter's pods")
	}
	if m.text(p, "spec/ingress/0/ports/0/port") != "metrics" {
		m.Error("the NetworkPolicy lets nobody in")
	}
	if got := m.text(p, "spec/policyTypes"); got != "[Ingress Egress]" {
		m.Errorf("the NetworkPolicy is about %s", got)
	}
}

// checkMonitoring checks that rules and dashboards are there as they are in the repository.
func (m manifests) checkMonitoring() {
	m.Helper()
	want := document(m.T, rulesFile)
	if got := at(m.T, m.one("PrometheusRule"), "spec"); !reflect.DeepEqual(got, any(want)) {
		m.Errorf("the PrometheusRule is not %s", rulesFile)
	}
	found := map[string]string{}
	for _, c := range m.all("ConfigMap") {
		for name, text := range at(m.T, c, "data").(object) {
			if !strings.HasSuffix(name, ".json") {
				continue
			}
			found[name] = text.(string)
			if m.text(c, "metadata/labels/grafana_dashboard") != "1" {
				m.Errorf("Grafana does not find %s", name)
			}
		}
	}
	originals := glob(m.T, dashboardFiles)
	if len(found) != len(originals) {
		m.Errorf("there are %d dashboards, want %d", len(found), len(originals))
	}
	for _, path := range originals {
		name := names([]string{path})[0]
		if strings.TrimSpace(found[name]) != strings.TrimSpace(string(readFile(m.T, path))) {
			m.Errorf("dashboard %s differs from %s", name, path)
		}
	}
}
