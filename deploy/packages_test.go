package deploy_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const goreleaser = "../.goreleaser.yml"

// A release has what scripts/cross builds, with the same things put in as make build.
func TestGoreleaser(t *testing.T) {
	release := document(t, goreleaser)
	cross, makefile := string(readFile(t, "../scripts/cross")), string(readFile(t, "../Makefile"))
	for _, goos := range list[string](t, release, "builds/0/goos") {
		for _, goarch := range list[string](t, release, "builds/0/goarch") {
			if !strings.Contains(cross, " "+goos+"/"+goarch) {
				t.Errorf("scripts/cross does not build %s/%s", goos, goarch)
			}
		}
	}
	for _, flag := range list[string](t, release, "builds/0/ldflags")[1:] {
		name, _, _ := strings.Cut(strings.TrimPrefix(flag, "-X github.com/prometheus/common/version."), "=")
		if !strings.Contains(makefile, "-X $(PKG)."+name+"=") {
			t.Errorf("make build does not put in %s", name)
		}
	}
	for _, pattern := range list[string](t, release, "archives/0/files") {
		glob(t, filepath.Join("..", pattern))
	}
	images := list[string](t, release, "dockers_v2/0/images")
	if !slices.Equal(images, []string{"ghcr.io/qem-exporter/qem_exporter"}) {
		t.Errorf("the images are %q", images)
	}
	stage, _ := strings.CutPrefix(list[string](t, release, "dockers_v2/0/flags")[0], "--target=")
	if !strings.Contains(string(readFile(t, "../Dockerfile")), " AS "+stage+"\n") {
		t.Errorf("the Dockerfile has no stage %s", stage)
	}
}
