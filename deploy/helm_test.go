package deploy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const rendered = "helm/rendered.yaml"

// template renders the chart with a pinned helm, and tells what helm says of an error.
func template(t *testing.T, set ...string) (string, error) {
	t.Helper()
	args := []string{"helm", "template", "qem-exporter", chart, "--namespace=qem-exporter", "--kube-version=1.34.0"}
	for _, s := range set {
		args = append(args, "--set-json="+s)
	}
	return tool(t, "", args...)
}

// tool runs a pinned tool. An error has what the tool says of it.
func tool(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "../scripts/tool", args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%q: %w\n%s", args, err, exit.Stderr)
	}
	return string(out), err
}

// TestRenderedChart checks the output with default values, which is kept here so that it is
// checked, and seen in a review, without helm. make generated tells when it is old.
func TestRenderedChart(t *testing.T) {
	if *update {
		out, err := template(t)
		if err != nil {
			t.Fatal(err)
		}
		same(t, rendered, []byte("# The chart with its default values, rendered by make generate.\n"+out))
	}
	m := manifests{T: t, objects: documents(t, rendered, readFile(t, rendered))}
	m.checkAll()
	// The manifests say nothing else: what is right of the chart is right of them.
	for _, path := range glob(t, filepath.Join(kubernetes, "*.yaml")) {
		for _, o := range documents(t, path, readFile(t, path)) {
			kind := o["kind"].(string)
			if len(m.all(kind)) > 0 && !within(o["spec"], m.named(kind, m.text(o, "metadata/name"))["spec"]) {
				t.Errorf("%s: what it says is not what the chart does", path)
			}
		}
	}
	config := m.text(m.named("ConfigMap", "qem-exporter"), "data/config.yml")
	if !within(document(t, kubernetes+"/config.yml"), documents(t, rendered, []byte(config))[0]) {
		t.Error("the configuration of the manifests is not that of the chart")
	}
	secret := document(t, kubernetes+"/secret.example.yaml")
	m.text(secret, "stringData/password")
	if !strings.Contains(string(readFile(t, rendered)), "secretName: "+m.text(secret, "metadata/name")+"\n") {
		t.Error("the example of a Secret is not the one that is mounted")
	}
	// These are off by default.
	m.objects = append(m.objects, document(t, kubernetes+"/servicemonitor.yaml"))
	m.checkServices()
}

// VERSION is the one fact; what bears it is made of it.
func TestVersion(t *testing.T) {
	for path, pattern := range map[string]string{
		chart + "/Chart.yaml":         `(?m)(^(?:version|appVersion): )\S+()$`,
		"kubernetes/statefulset.yaml": `(image: ghcr.io/qem-exporter/qem_exporter:)\S+()`,
		"kubernetes/README.md":        `(\?ref=v)\S+()`,
		"../docs/installation.md":     `(qem_exporter:)[0-9]+\.[0-9]+\.[0-9]+( )`,
	} {
		text := readFile(t, path)
		of := regexp.MustCompile(pattern)
		if !of.Match(text) {
			t.Errorf("%s bears no version", path)
		}
		same(t, path, of.ReplaceAll(text, []byte("${1}"+version(t)+"${2}")))
	}
}

// The schema of the exporter's configuration is a part of that of the values.
func TestValuesSchemaHasTheConfiguration(t *testing.T) {
	schema := unmarshal(t, chart+"/values.schema.json")
	schema["$defs"] = object{"config": unmarshal(t, "../docs/config.schema.json")}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	same(t, chart+"/values.schema.json", b.Bytes())
}

func unmarshal(t *testing.T, path string) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(readFile(t, path), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// The schema knows every value, and every value of the schema has a default, by which
// it is documented.
func TestValuesSchema(t *testing.T) {
	properties := unmarshal(t, chart+"/values.schema.json")["properties"].(object)
	delete(properties, "global") // Helm's own
	compareKeys(t, "", properties, document(t, chart+"/values.yaml"))
}

func compareKeys(t *testing.T, path string, properties, values object) {
	t.Helper()
	if want, got := slices.Sorted(maps.Keys(properties)), slices.Sorted(maps.Keys(values)); !slices.Equal(got, want) {
		t.Errorf("values%s has the keys %q, its schema %q", path, got, want)
	}
	for key, p := range properties {
		nested, _ := p.(object)["properties"].(object)
		value, ok := values[key].(object)
		if nested != nil && ok {
			compareKeys(t, path+"."+key, nested, value)
		}
	}
}

// Every template uses only values that there are.
func TestTemplatesUseKnownValues(t *testing.T) {
	values := document(t, chart+"/values.yaml")
	for _, path := range glob(t, filepath.Join(chart, "templates/*")) {
		for _, use := range strings.Split(string(readFile(t, path)), ".Values.")[1:] {
			end := strings.IndexFunc(use, func(r rune) bool { return r != '.' && (r < 'A' || r > 'z') })
			var node any = values
			for key := range strings.SplitSeq(use[:end], ".") {
				o, _ := node.(object)
				if _, ok := o[key]; !ok {
					t.Errorf("%s uses .Values.%s, which values.yaml does not have", path, use[:end])
					break
				}
				node = o[key]
			}
		}
	}
}
