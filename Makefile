# make run       builds the daemon and starts it on its embedded simulated Enterprise Manager
# make test      runs all the tests, installing what they need
# make generate  writes anew whatever is made of something else
GO       ?= go
VERSION  ?= $(shell cat VERSION)
REVISION ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
BRANCH   ?= $(shell git rev-parse --abbrev-ref HEAD 2>/dev/null || echo unknown)
DATE     ?= $(shell git log -1 --format=%cd --date=format:%Y%m%d-%H:%M:%S 2>/dev/null || echo unknown)
PKG      := github.com/prometheus/common/version
LDFLAGS  := -s -w \
	-X $(PKG).Version=$(VERSION) \
	-X $(PKG).Revision=$(REVISION) \
	-X $(PKG).Branch=$(BRANCH) \
	-X $(PKG).BuildDate=$(DATE)
FUZZTIME ?= 5s
E2E      := ./e2e/ ./internal/web/ ./dashboards/ ./alerts/

.PHONY: all build install run demo test unit e2e torture fuzz check cross generate generated lint shipped \
	transcript packages archives image sbom goreleaser reproducible vulncheck bench clean

all: build

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o qem_exporter .
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o qemctl ./cmd/qemctl

# As root: the binary where the unit of deploy/systemd looks for it.
install: build
	install -D -m 0755 qem_exporter '$(DESTDIR)/usr/local/bin/qem_exporter'
	install -D -m 0755 qemctl '$(DESTDIR)/usr/local/bin/qemctl'

run: build
	./qem_exporter demo

# The whole stack: exporter, simulated Enterprise Manager, Prometheus and Alertmanager.
demo: build
	@scripts/demo

test: check cross unit e2e fuzz

check:
	@scripts/install-test-tools
	@unformatted=$$(gofmt -l $$(git ls-files '*.go' 2>/dev/null || find . -name '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (run gofmt -w): $$unformatted" >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags e2e $(E2E)
	$(GO) vet -tags shipped ./deploy/
	$(GO) vet -tags torture ./e2e/

unit:
	$(GO) test -race -timeout 10m ./...

# The built binary against the simulated Enterprise Manager with a real Prometheus, the
# status page in Chromium, the queries of the dashboards, and the alerts on their way.
e2e:
	$(GO) test -tags e2e -timeout 10m -count 1 -p 1 $(E2E)

# A binary with the race detector under mutated answers, expired sessions, reloads and scrapers,
# for TORTURE (10m).
torture:
	$(GO) test -tags torture -run TestTorture -timeout 30m -count 1 -v ./e2e/

# Every fuzz target for a few seconds.
fuzz:
	@scripts/fuzz $(FUZZTIME)

# Builds for every system and processor that releases are made for, and vets for Windows.
cross:
	@scripts/cross

# The linters, with the arrows between the packages: .golangci.yml. Building them takes a
# minute or two the first time.
lint:
	@scripts/tool golangci-lint run

# Sources before what is made of them: the chart and the documentation come last.
generate:
	$(GO) generate ./aem/... ./internal/... ./collector/... ./alerts/... ./dashboards/...
	$(GO) generate ./deploy/... ./docs/...

# Fails where make generate changes a file.
generated:
	@scripts/generated

# What is shipped, run: packages, chart, manifests, the Windows program, completions,
# workflows. Needs root, and minutes the first time, for the tools that it builds.
shipped:
	@scripts/install-test-tools shipped
	$(GO) test -tags shipped -timeout 40m -count 1 ./deploy/...

# docs/installation-transcript.md: each kind of installation that can run here, typed and
# answered. As root; with empty caches, so it takes many minutes.
transcript:
	@scripts/install-test-tools shipped
	$(GO) test -tags shipped -timeout 60m -count 1 -run TestInstallation ./deploy/ \
		-transcript=../docs/installation-transcript.md

# deb and rpm, in dist/.
packages:
	VERSION='$(VERSION)' LDFLAGS='$(LDFLAGS)' scripts/packages

# The container image.
image:
	docker build --build-arg VERSION='$(VERSION)' --build-arg REVISION='$(REVISION)' \
		-t qem_exporter:'$(VERSION)' .

# The bill of materials of the binary, as CycloneDX.
sbom: build
	@mkdir -p dist
	@scripts/sbom qem_exporter dist/qem_exporter.cdx.json

# The archives of a release, in dist/release. The first time it builds goreleaser: many minutes.
archives:
	@VERSION='$(VERSION)' scripts/tool goreleaser release --snapshot --clean \
		--skip=before,docker,sign,sbom,winget

# Whether goreleaser takes its configuration; building it takes many minutes.
goreleaser:
	@scripts/tool goreleaser check

# The same source gives the same bytes.
reproducible:
	@scripts/reproducible

# Known vulnerabilities in what the binary calls.
vulncheck:
	@scripts/vulncheck

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

clean:
	rm -rf qem_exporter qemctl bin dist .cache
