# All targets: build, demo, tests and tools. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# One set of compiled packages for programs, tests and tools: all static, all without paths of this machine.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath

MODULE  := github.com/elk-mtls/elk-mtls
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The image of elk-mtls-init, with its digest, that a release of elk-mtls puts into pods; empty: it must be configured.
INIT_IMAGE ?=
IMAGE_ARCHS ?= $(shell go env GOARCH)
FUZZTIME ?= 30s
DIST ?= dist/release

LDFLAGS := -s -w -X $(MODULE)/internal/version.release=$(VERSION)
PLUGIN_LDFLAGS := $(LDFLAGS) -X $(MODULE)/plugin/internal/config.releaseImage=$(INIT_IMAGE)
PARTS := go run ./test/parts/cmd
CLUSTER_PARTS := elasticsearch kube kubelet coredns containerd base-image helm3 helm4 kubectl beats exporter certmanager
MODULES := . test/tools/kio test/tools/envtest test/tools/image test/tools/goproxy test/tools/help

# Stands behind every go test: nothing about folders without tests, and at the end the names of what failed. pipefail keeps the exit code.
FAILED := | awk -f test/failed.awk

# What a program of an image is made of, beside the image.
sbom = "$$($(PARTS) path sbom)" bin -json -std -noserial -notimestamp -output dist/$(1).cdx.json bin/linux/$(firstword $(IMAGE_ARCHS))/$(1) && echo dist/$(1).cdx.json

##@ Use

.PHONY: help
help: ## list all targets (this page)
	@awk 'BEGIN {FS = ":.*?## "; print "usage: make TARGET"} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*?## / {printf "  %-12s %s\n", $$1, $$2} \
		/^## / {printf "  %-12s %s\n", "", substr($$0, 4)}' $(MAKEFILE_LIST)

.PHONY: build
build: go ## build both programs, static, into bin/
## VERSION=… and INIT_IMAGE=name@sha256:… become part of the programs
	go build -ldflags '$(PLUGIN_LDFLAGS)' -o bin/elk-mtls ./plugin/elk-mtls
	go build -ldflags '$(LDFLAGS)' -o bin/elk-mtls-init ./initcontainer/elk-mtls-init

.PHONY: demo
demo: go ## show before and after on your machine, in about two minutes; needs Go, curl, JDK 17 and Maven
	@go run ./test/demo

.PHONY: image
image: ## build an OCI archive of each program into dist/, from the Dockerfile but without Docker
## IMAGE_ARCHS="amd64 arm64" builds several architectures; dist/*.cdx.json are the SBOMs
	@for arch in $(IMAGE_ARCHS); do \
		GOOS=linux GOARCH=$$arch go build -ldflags '$(PLUGIN_LDFLAGS)' -o bin/linux/$$arch/elk-mtls ./plugin/elk-mtls; \
		GOOS=linux GOARCH=$$arch go build -ldflags '$(LDFLAGS)' -o bin/linux/$$arch/elk-mtls-init ./initcontainer/elk-mtls-init; \
	done
	@go -C test/tools/image run . -context $(CURDIR) -archs "$(IMAGE_ARCHS)" -tag "$(VERSION)" elk-mtls elk-mtls-init
	@$(call sbom,elk-mtls) && $(call sbom,elk-mtls-init)

.PHONY: image-cmp
image-cmp: image ## build the image for Argo CD, too; it contains Helm 4, built from source
	@for arch in $(IMAGE_ARCHS); do \
		GOOS=linux GOARCH=$$arch go -C test/tools/helm4 build -ldflags '-s -w' -o $(CURDIR)/bin/linux/$$arch/helm helm.sh/helm/v4/cmd/helm; \
	done
	@go -C test/tools/image run ./roots >bin/ca-certificates.crt
	@go -C test/tools/image run . -context $(CURDIR) -archs "$(IMAGE_ARCHS)" -tag "$(VERSION)" elk-mtls-cmp
	@$(call sbom,helm)

.PHONY: plugin
plugin: build ## build the Helm 4 plugins into dist/helm4: elk-mtls (post-renderer) and elk-mtls-cli (helm elk-mtls …)
## install them with helm plugin install dist/helm4/elk-mtls, and the same for elk-mtls-cli
	@for name in elk-mtls elk-mtls-cli; do \
		mkdir -p dist/helm4/$$name/bin; \
		sed 's/^version: .*/version: $(if $(filter v%,$(VERSION)),$(VERSION:v%=%),0.0.0-dev-$(VERSION))/' plugin/helm/$$name/plugin.yaml >dist/helm4/$$name/plugin.yaml; \
		cp bin/elk-mtls dist/helm4/$$name/bin/elk-mtls-$$(go env GOOS)-$$(go env GOARCH)$$(go env GOEXE); \
		echo dist/helm4/$$name; \
	done

.PHONY: dist
dist: ## build a release into dist/release: programs and plugins for all platforms, images, SBOMs, install.sh, checksums
## SIGN_KEY=… SIGN_KEYRING=… sign the plugins for Helm 4; DIST=… is another folder
	@HELM4=$$($(PARTS) path helm4) SBOM=$$($(PARTS) path sbom) bash plugin/helm/dist.sh $(DIST) '$(VERSION)' '$(PLUGIN_LDFLAGS)'

# Every target needs Go. What Elasticsearch needs is checked when it is prepared.
.PHONY: go
go: ## check that Go is installed
	@command -v go >/dev/null || { echo "make: go is not on the PATH: install Go 1.26 or later, https://go.dev/dl" >&2; exit 1; }

##@ Test

.PHONY: test
test: build ## run unit, property, golden and script tests, and tests with a real Elasticsearch and real clients
	@$(PARTS) prepare elasticsearch exporter beats
	go test -tags elasticsearch,slow -timeout 30m ./... $(FAILED)
	go -C test/tools/image test ./... $(FAILED)
	@$(PARTS) missing elasticsearch exporter beats

.PHONY: test-all
test-all: build plugin ## run the same with a real kube-apiserver, Helm, kustomize and Argo CD; as root also test-cluster
	@$(PARTS) prepare elasticsearch exporter beats jaeger curator elastalert2 kube envtest helm3 helm4 kustomize kubectl helmfile argocd promtool sbom
	@ES_HOME= ES_VERSION=9.5.3 $(PARTS) prepare elasticsearch
	go test -tags integration,slow -count=1 -timeout 30m ./... $(FAILED)
	go -C test/tools/image test -count=1 ./... $(FAILED)
	@ES_HOME= ES_VERSION=9.5.3 $(PARTS) missing elasticsearch
	@$(PARTS) missing elasticsearch exporter beats jaeger curator elastalert2 kube helm3 helm4 kustomize kubectl helmfile argocd promtool sbom
	@$(MAKE) test-cluster

.PHONY: truth
truth: ## compare verify with real programs in generated releases, then plant five faults in verify; at most 45 minutes
## TRUTH_SEED=… other releases; TRUTH_RANDOM=… how many random ones per program; TRUTH_ONLY=… those with this in their name
	@$(PARTS) prepare elasticsearch exporter beats jaeger curator elastalert2
	TRUTH_SEED=$(or $(TRUTH_SEED),1) TRUTH_EVERY=1 TRUTH_RANDOM=$(or $(TRUTH_RANDOM),40) \
		go test -tags integration -count=1 -timeout 60m -v -run TestTruth ./test/truth $(FAILED)
	@$(PARTS) missing elasticsearch exporter beats jaeger curator elastalert2

.PHONY: chaos
chaos: ## kill elk-mtls-init at random moments on a bad network: 500 rounds, 20 rotations; about 20 minutes
## CHAOS_SEED=… replays a run; CHAOS_ROUNDS=… and CHAOS_ROTATIONS=… set its length
	@$(PARTS) prepare elasticsearch kube envtest
	go test -tags chaos -count=1 -timeout 60m -v -run 'TestChaos|TestRotations' ./test/chaos $(FAILED)
	@$(PARTS) missing elasticsearch kube

.PHONY: test-cluster
test-cluster: plugin image-cmp ## install the stock charts on a real one-node cluster with real Helm; needs root; 17 minutes
## installs containerd and mmdebstrap with apt-get if they are missing
	@if [ "$$(id -u)" != 0 ]; then \
		echo "ATTENTION: TESTS WERE LEFT OUT: a cluster cannot be had here: not root; run make test-cluster as root" >&2; \
		case "$${ELK_MTLS_REQUIRE_REAL:-0}" in 0) exit 0 ;; *) exit 1 ;; esac; \
	fi; \
	$(PARTS) prepare $(CLUSTER_PARTS); \
	go test -tags cluster -count=1 -v -timeout 40m ./test/cluster/... $(FAILED); \
	$(PARTS) missing $(CLUSTER_PARTS)

.PHONY: prove-year
prove-year: plugin image-cmp ## renew certificates eight times and replace the CA on a real cluster, without intervention; needs root; 40 minutes
## 47 days become 4 minutes (YEAR_LIFETIME=…, YEAR_RENEWALS=…); then the same without restarts, which must fail
	@$(PARTS) prepare $(CLUSTER_PARTS)
	ELK_MTLS_REQUIRE_REAL=1 YEAR_RENEWALS=$(or $(YEAR_RENEWALS),8) YEAR_CONTROL=1 go test -tags cluster -count=1 -v -timeout 60m -run TestYear ./test/cluster $(FAILED)
	@$(PARTS) missing $(CLUSTER_PARTS)

.PHONY: check
check: ## run vet, gofmt, golangci-lint, actionlint, and checks of imports, file sizes, links and words
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
		[ -z "$$unformatted" ] || { echo "not formatted; run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	@for module in $(MODULES); do echo "go vet in $$module"; (cd $$module && go vet -tags integration,checks,cluster,slow ./...); done
	@lint=$$($(PARTS) path golangci-lint); for module in $(MODULES); do \
		echo "golangci-lint in $$module"; (cd $$module && $$lint run -c $(CURDIR)/.golangci.yml ./...); done
	@lint=$$($(PARTS) path actionlint); $$lint .github/workflows/*.yml
	@mkdir -p dist bin/help && go build -ldflags '-s -w' -o bin/help/ ./plugin/elk-mtls ./initcontainer/elk-mtls-init && \
		go -C test/tools/help run . -bin $(CURDIR)/bin/help -page $(CURDIR)/dist/cli.md && \
		diff docs/cli.md dist/cli.md || { echo "docs/cli.md is old: run make cli" >&2; exit 1; }
	go test -tags checks ./test/checks $(FAILED)

.PHONY: bench
bench: ## compare elk-mtls with kustomize, ytt, yq, gojq and a kyaml pipeline, and write docs/performance.md; half an hour
## BENCHFLAGS="-rounds 3 -slow 1 -document -" is a quick run; afterwards go test -bench measures each step, for benchstat
	@$(PARTS) prepare kustomize ytt yq gojq kio
	go run ./test/bench $(BENCHFLAGS)
	go test -run '^$$' -bench . -benchmem ./plugin/...

.PHONY: bench-init
bench-init: ## compare elk-mtls-init with a minimal program and a script on a real Elasticsearch, and write docs/performance.md
	@$(PARTS) prepare elasticsearch kube envtest
	go run ./test/benchinit
	@$(PARTS) missing elasticsearch kube

.PHONY: prove-install
prove-install: ## install in each way of docs/install.md and run verify; each way must refuse a tampered file; about 3 minutes
	@$(PARTS) prepare helm4 sbom
	go test -tags install -count=1 -timeout 30m -v ./test/install $(FAILED)
	@$(PARTS) missing helm4 sbom

.PHONY: prove-survey
prove-survey: ## survey 200 sets of real clients, 20 on Elasticsearch 9 and 20 on two nodes; about 40 minutes
## SURVEY_SETS=… and SURVEY_SEED=… change the run; make test-all has a short one
	@$(PARTS) prepare elasticsearch
	@ES_HOME= ES_VERSION=9.5.3 $(PARTS) prepare elasticsearch
	SURVEY_SETS=$(or $(SURVEY_SETS),200) SURVEY_BATCH=20 SURVEY_SECONDS=40 SURVEY_SEED=$(or $(SURVEY_SEED),1) \
		go test -tags survey -count=1 -timeout 120m -v -run 'TestSurvey$$' ./test/survey $(FAILED)
	ES_HOME= ES_VERSION=9.5.3 SURVEY_SETS=20 SURVEY_BATCH=10 SURVEY_SECONDS=40 SURVEY_SEED=$(or $(SURVEY_SEED),1) \
		go test -tags survey -count=1 -timeout 60m -v -run 'TestSurvey$$' ./test/survey $(FAILED)
	SURVEY_NODES=2 SURVEY_SETS=20 SURVEY_BATCH=10 SURVEY_SECONDS=40 SURVEY_SEED=$(or $(SURVEY_SEED),1) \
		go test -tags survey -count=1 -timeout 60m -v -run 'TestSurvey$$' ./test/survey $(FAILED)
	@$(PARTS) missing elasticsearch

.PHONY: prove-survey-kills
prove-survey-kills: ## kill the survey at 100 random moments, while Elasticsearch and the API server restart; about 20 minutes
## SURVEY_KILLS=… and SURVEY_SEED=… change the run; make test-all has a short one
	@$(PARTS) prepare elasticsearch kube envtest
	SURVEY_KILLS=$(or $(SURVEY_KILLS),100) SURVEY_SEED=$(or $(SURVEY_SEED),1) \
		go test -tags survey -count=1 -timeout 120m -v -run TestKills ./test/survey $(FAILED)
	@$(PARTS) missing elasticsearch kube

.PHONY: measure-survey
measure-survey: ## measure what the logger of a survey costs a node; 2 minutes
## SURVEY_REQUESTS=… changes the run
	@$(PARTS) prepare elasticsearch
	SURVEY_REQUESTS=$(or $(SURVEY_REQUESTS),20000) go test -tags survey -count=1 -timeout 60m -v -run TestOverhead ./test/survey $(FAILED)
	@$(PARTS) missing elasticsearch

.PHONY: prove-catalog
prove-catalog: ## empty each field of each description of a client: a test must fail each time; about 3 minutes
	CATALOG_EVERY=1 go test -tags slow -count=1 -timeout 30m -run TestEveryFieldOfTheCatalogMatters ./plugin $(FAILED)

.PHONY: prove-order
prove-order: ## run every fixture and case 50 times (ORDER_RUNS=50): the output must be the same
	ORDER_RUNS=$(or $(ORDER_RUNS),50) go test -tags slow -count=1 -timeout 60m -run TestSameInManyRuns ./plugin $(FAILED)

.PHONY: prove-clock
prove-clock: ## set the clock to each day of two years: verify and doctor must warn 30 days before an end, and only then; 10 minutes
## Elasticsearch runs under libfaketime if the system has it; a sample of the days is in make test
	@$(PARTS) prepare elasticsearch
	CLOCK_EVERY=1 go test -tags elasticsearch -count=1 -timeout 60m -v -run 'TestClock' ./plugin/internal/verify ./plugin ./initcontainer $(FAILED)
	@$(PARTS) missing elasticsearch

.PHONY: prove-mentions
prove-mentions: ## plant an address in every place of every input: post-renderer and verify must agree; half an hour
## MENTION_RUNS=3000 tries a sample, as make test does; MENTION_SEED=… another sample
	MENTION_RUNS=$(or $(MENTION_RUNS),all) MENTION_SEED=$(or $(MENTION_SEED),16) go test -tags slow -count=1 -timeout 300m -v -run TestProveMentions ./plugin $(FAILED)

.PHONY: mutants
mutants: ## change the code in 200 places, one at a time: a fast test must fail for three of four; at most an hour
## MUTANTS=… how many; MUTANTS_SEED=… which; survivors are listed in dist/mutants.txt; then the mutants made by hand
	@mkdir -p dist
	nice -n 19 go run ./test/mutants -n $(or $(MUTANTS),200) -seed $(or $(MUTANTS_SEED),1) -survivors dist/mutants.txt
	nice -n 19 go run ./test/mutants -hand

.PHONY: fuzz
fuzz: ## run each fuzz target for a while (FUZZTIME=30s)
	@for file in $$(git ls-files --cached --others --exclude-standard '*_test.go' | xargs grep -l '^func Fuzz'); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' $$file); do \
			echo "$$target in $$(dirname $$file)"; \
			go test "./$$(dirname $$file)" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s; \
		done; \
	done

.PHONY: picture
picture: ## take docs/survey.png of the report that the tests expect, with Chromium
	@home=$$(mktemp -d) && chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync \
		--hide-scrollbars --user-data-dir=$$home --window-size=1120,1160 --screenshot=docs/survey.png file://$(CURDIR)/plugin/testdata/survey/report.html; \
		rm -rf $$home

.PHONY: golden
golden: ## rewrite the expected files and generated tables; review the diff like code
	UPDATE_GOLDEN=1 go test -tags slow -count=1 -run 'TestGolden|TestPicture|TestCompatibility|TestSettingsPage|TestClientsPage|TestRulesPage|TestRefusalsPage|TestMutations' ./plugin
	UPDATE_GOLDEN=1 go test -count=1 -run TestSchema ./plugin/internal/config
	@git diff --stat -- '*testdata*' docs

.PHONY: cli
cli: build ## write docs/cli.md, and man pages into dist/man, from the output of --help
	@go -C test/tools/help run . -bin $(CURDIR)/bin -page $(CURDIR)/docs/cli.md -man $(CURDIR)/dist/man
	@echo docs/cli.md dist/man

.PHONY: docs
docs: ## build the documentation site into dist/site with mkdocs-material; needs Python 3 with venv, and git
## REPOSITORY=… is the address of the files in the repository, such as https://forge.example/elk-mtls/blob/main
	@mkdir -p dist/site-pages && python3 -m venv dist/site-tools
	@dist/site-tools/bin/pip install --quiet --disable-pip-version-check --require-virtualenv -r test/tools/site/requirements.txt
	dist/site-tools/bin/mkdocs build --quiet -f test/tools/site/mkdocs.yml
	@echo dist/site

##@ Tools

.PHONY: tools
tools: ## build or fetch all real parts and tools now (see test/parts)
	@$(PARTS) prepare
