# make run   builds the daemon and starts it on its embedded simulated Enterprise Manager
# make test  runs all the tests, installing what they need
GO      ?= go
VERSION ?= $(shell cat VERSION)
PKG     := github.com/prometheus/common/version
LDFLAGS := -s -w \
	-X $(PKG).Version=$(VERSION) \
	-X $(PKG).Revision=$(shell git rev-parse --short HEAD 2>/dev/null || echo unknown) \
	-X $(PKG).Branch=$(shell git rev-parse --abbrev-ref HEAD 2>/dev/null || echo unknown) \
	-X $(PKG).BuildDate=$(shell git log -1 --format=%cd --date=format:%Y%m%d-%H:%M:%S 2>/dev/null || echo unknown)
FUZZTIME ?= 10s
E2E     := ./e2e/ ./internal/web/ ./dashboards/ ./alerts/

.PHONY: all build run demo test unit e2e fuzz check cross packages reproducible sbom vulncheck lint bench docs clean

all: build

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o qem_exporter .

run: build
	./qem_exporter demo

# The whole stack: exporter, simulated Enterprise Manager, Prometheus and Alertmanager.
demo: build
	@scripts/install-test-tools
	@scripts/demo

test: check cross unit e2e fuzz

# Formatting and vet; golangci-lint has a target of its own because building it takes minutes.
check:
	@scripts/install-test-tools
	@unformatted=$$(gofmt -l $$(git ls-files '*.go' 2>/dev/null || find . -name '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (run gofmt -w): $$unformatted" >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags e2e $(E2E)

unit:
	$(GO) test -race -timeout 10m ./...

# The built binary against the simulated Enterprise Manager with a real Prometheus, the
# status page in Chromium, the queries of the dashboards, and the alerts on their way.
e2e:
	$(GO) test -tags e2e -timeout 10m -count 1 -p 1 $(E2E)

# Every fuzz target for a few seconds.
fuzz:
	@scripts/fuzz $(FUZZTIME)

# Builds for every system and processor that releases are made for, and vets for Windows.
cross:
	@scripts/cross

# deb and rpm, in dist/.
packages:
	VERSION='$(VERSION)' LDFLAGS='$(LDFLAGS)' scripts/packages

# The same source gives the same bytes.
reproducible:
	@scripts/reproducible

# The software bill of materials of the binary, as SPDX.
sbom: build
	@mkdir -p dist
	$(GO) run ./internal/sbom qem_exporter > dist/qem_exporter.spdx.json

# Known vulnerabilities in what the binary calls.
vulncheck:
	@scripts/vulncheck

lint:
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@latest run

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

# docs/metrics.md from the collector's table of families, the configuration's reference,
# the examples of the SDK guide, and the dashboards.
docs:
	$(GO) test ./collector -run TestDocs -update
	$(GO) test ./docs -run 'TestConfigurationReference|TestBlocks' -update
	$(GO) generate ./dashboards

clean:
	rm -rf qem_exporter bin dist .cache
