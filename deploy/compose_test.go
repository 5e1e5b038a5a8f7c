package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const compose = "docker-compose.yml"

func composed(t *testing.T) object {
	return at(t, document(t, compose), "services").(object)
}

// mounts are the files of the repository that a service sees, by their path there.
func mounts(t *testing.T, service string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, v := range list[string](t, composed(t), service+"/volumes") {
		part := strings.Split(v, ":")
		if strings.HasPrefix(part[0], ".") {
			all[part[1]] = part[0]
		}
	}
	return all
}

func TestComposeFilesExist(t *testing.T) {
	volumes := at(t, document(t, compose), "volumes").(object)
	for name, s := range composed(t) {
		s := s.(object)
		if s["image"] == nil && s["build"] == nil {
			t.Errorf("service %s has no image", name)
		}
		for _, port := range list[string](t, s, "ports") {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("service %s opens %s to others", name, port)
			}
		}
		mounted, _ := s["volumes"].([]any)
		for _, v := range mounted {
			part := strings.Split(v.(string), ":")
			if _, named := volumes[part[0]]; named {
				continue
			}
			if _, err := os.Stat(part[0]); err != nil || len(part) != 3 || part[2] != "ro" {
				t.Errorf("service %s mounts %s: it must exist (%v) and be read-only", name, v, err)
			}
		}
	}
	readFile(t, filepath.Join(at(t, composed(t), "qem-exporter/build/context").(string), "Dockerfile"))
	knowsFlags(t, list[string](t, composed(t), "qem-exporter/command")...)
}

// Who asks whom is a service of the composition, on the port that it has.
func TestComposeNames(t *testing.T) {
	prometheus := document(t, mounts(t, "prometheus")["/etc/prometheus/prometheus.yml"])
	datasource := document(t, "compose/grafana/provisioning/datasources/prometheus.yml")
	addresses := append(list[string](t, prometheus, "scrape_configs/0/static_configs/0/targets"),
		list[string](t, prometheus, "alerting/alertmanagers/0/static_configs/0/targets")...)
	addresses = append(addresses, strings.TrimPrefix(at(t, datasource, "datasources/0/url").(string), "http://"))
	if want := []string{"qem-exporter:10045", "alertmanager:9093", "prometheus:9090"}; !slices.Equal(addresses, want) {
		t.Fatalf("addresses %q, want %q", addresses, want)
	}
	for _, address := range addresses {
		service, port, _ := strings.Cut(address, ":")
		if published := list[string](t, composed(t), service+"/ports"); !strings.HasSuffix(published[0], ":"+port) {
			t.Errorf("service %s is on %s, not on %s", service, published[0], port)
		}
	}
}

// Prometheus finds the rules, Alertmanager its configuration and Grafana the dashboards.
func TestComposeProvisions(t *testing.T) {
	prometheus := mounts(t, "prometheus")
	pattern := at(t, document(t, prometheus["/etc/prometheus/prometheus.yml"]), "rule_files/0").(string)
	const rules = "/etc/prometheus/rules/qem.rules.yml"
	if ok, err := filepath.Match(pattern, rules); !ok || err != nil || prometheus[rules] != rulesFile {
		t.Errorf("Prometheus does not find the rules at %s", pattern)
	}
	grafana := mounts(t, "grafana")
	provider := document(t, grafana["/etc/grafana/provisioning"]+"/dashboards/qem.yml")
	folder := at(t, provider, "providers/0/options/path").(string)
	glob(t, filepath.Join(grafana[folder], "*.json"))
	home := at(t, composed(t), "grafana/environment/GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH").(string)
	readFile(t, filepath.Join(grafana[folder], strings.TrimPrefix(home, folder)))

	for _, check := range [][]string{
		{"promtool", "check", "config", "--syntax-only", prometheus["/etc/prometheus/prometheus.yml"]},
		{"amtool", "check-config", mounts(t, "alertmanager")["/etc/alertmanager/alertmanager.yml"]},
	} {
		if out, err := exec.Command(check[0], check[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%q: %v\n%s", check, err, out)
		}
	}
}
