// Command kubecheck reads objects of Kubernetes, as YAML on standard input, into the types of
// Kubernetes and of the Prometheus Operator. A field that they do not have, one that stands
// twice, and a value of another type are errors: what an API server refuses as well. It is a
// module of its own, so that nobody who imports the SDK gets to know Kubernetes.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
)

func main() {
	n, err := check(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%d objects\n", n)
}

// check returns how many objects there are, and what is wrong with them.
func check(r io.Reader) (int, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, core.AddToScheme, networking.AddToScheme, policy.AddToScheme, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return 0, err
		}
	}
	strict := json.NewSerializerWithOptions(
		json.DefaultMetaFactory,
		scheme,
		scheme,
		json.SerializerOptions{Yaml: true, Strict: true},
	)
	documents := utilyaml.NewYAMLReader(bufio.NewReader(r))
	var n int
	var problems []error
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return n, errors.Join(problems...)
		}
		if err != nil {
			return n, err
		}
		var fields map[string]any
		if err := utilyaml.Unmarshal(document, &fields); err == nil && len(fields) == 0 {
			continue // comments
		}
		n++
		_, kind, err := strict.Decode(document, nil, nil)
		if err != nil {
			problems = append(problems, fmt.Errorf("object %d, %v: %w", n, kind, err))
		}
	}
}
