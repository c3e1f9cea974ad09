# Everything that is built, shown and checked, by name. `make` alone tells what there is.

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
help: ## what there is (this page)
	@awk 'BEGIN {FS = ":.*?## "; print "usage: make TARGET"} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*?## / {printf "  %-12s %s\n", $$1, $$2} \
		/^## / {printf "  %-12s %s\n", "", substr($$0, 4)}' $(MAKEFILE_LIST)

.PHONY: build
build: go ## both programs, static, into bin/
## VERSION=… and INIT_IMAGE=name@sha256:… are built in
	go build -ldflags '$(PLUGIN_LDFLAGS)' -o bin/elk-mtls ./plugin/elk-mtls
	go build -ldflags '$(LDFLAGS)' -o bin/elk-mtls-init ./initcontainer/elk-mtls-init

.PHONY: demo
demo: go ## before and after on your machine, in about two minutes: needs Go, curl, a JDK 17 and Maven
	@go run ./test/demo

.PHONY: image
image: ## an OCI archive of each program into dist/, without Docker, from the Dockerfile
## IMAGE_ARCHS="amd64 arm64" puts several into each; dist/*.cdx.json tell what the programs are made of
	@for arch in $(IMAGE_ARCHS); do \
		GOOS=linux GOARCH=$$arch go build -ldflags '$(PLUGIN_LDFLAGS)' -o bin/linux/$$arch/elk-mtls ./plugin/elk-mtls; \
		GOOS=linux GOARCH=$$arch go build -ldflags '$(LDFLAGS)' -o bin/linux/$$arch/elk-mtls-init ./initcontainer/elk-mtls-init; \
	done
	@go -C test/tools/image run . -context $(CURDIR) -archs "$(IMAGE_ARCHS)" -tag "$(VERSION)" elk-mtls elk-mtls-init
	@$(call sbom,elk-mtls) && $(call sbom,elk-mtls-init)

.PHONY: image-cmp
image-cmp: image ## the image for Argo CD as well, with Helm 4 from source in it
	@for arch in $(IMAGE_ARCHS); do \
		GOOS=linux GOARCH=$$arch go -C test/tools/helm4 build -ldflags '-s -w' -o $(CURDIR)/bin/linux/$$arch/helm helm.sh/helm/v4/cmd/helm; \
	done
	@go -C test/tools/image run ./roots >bin/ca-certificates.crt
	@go -C test/tools/image run . -context $(CURDIR) -archs "$(IMAGE_ARCHS)" -tag "$(VERSION)" elk-mtls-cmp
	@$(call sbom,helm)

.PHONY: plugin
plugin: build ## the Helm 4 plugins into dist/helm4: helm plugin install dist/helm4/elk-mtls
## and elk-mtls-cli, which is the other commands: helm elk-mtls …
	@for name in elk-mtls elk-mtls-cli; do \
		mkdir -p dist/helm4/$$name/bin; \
		sed 's/^version: .*/version: $(if $(filter v%,$(VERSION)),$(VERSION:v%=%),0.0.0-dev-$(VERSION))/' plugin/helm/$$name/plugin.yaml >dist/helm4/$$name/plugin.yaml; \
		cp bin/elk-mtls dist/helm4/$$name/bin/elk-mtls-$$(go env GOOS)-$$(go env GOARCH)$$(go env GOEXE); \
		echo dist/helm4/$$name; \
	done

.PHONY: dist
dist: ## a release into dist/release: programs and plugins for all platforms, images, SBOMs, install.sh, checksums
## SIGN_KEY=… SIGN_KEYRING=… signs the plugins, as Helm 4 wants them; DIST=… names another folder
	@HELM4=$$($(PARTS) path helm4) SBOM=$$($(PARTS) path sbom) bash plugin/helm/dist.sh $(DIST) '$(VERSION)' '$(PLUGIN_LDFLAGS)'

# What everything needs. Elasticsearch's own needs are named where it is made ready.
.PHONY: go
go: ## tells how to install Go where it is missing
	@command -v go >/dev/null || { echo "make: go is not on the PATH: install Go 1.26 or later, https://go.dev/dl" >&2; exit 1; }

##@ Test

.PHONY: test
test: build ## unit, property, golden and script tests, the real Elasticsearch, and real clients of it
	@$(PARTS) prepare elasticsearch exporter beats
	go test -tags elasticsearch,slow -timeout 30m ./... $(FAILED)
	go -C test/tools/image test ./... $(FAILED)
	@$(PARTS) missing elasticsearch exporter beats

.PHONY: test-all
test-all: build plugin ## the same, and a real kube-apiserver, Helm, kustomize, Argo CD; as root also test-cluster
	@$(PARTS) prepare elasticsearch exporter beats jaeger curator elastalert2 kube envtest helm3 helm4 kustomize kubectl helmfile argocd promtool sbom
	@ES_HOME= ES_VERSION=9.5.3 $(PARTS) prepare elasticsearch
	go test -tags integration,slow -count=1 -timeout 30m ./... $(FAILED)
	go -C test/tools/image test -count=1 ./... $(FAILED)
	@ES_HOME= ES_VERSION=9.5.3 $(PARTS) missing elasticsearch
	@$(PARTS) missing elasticsearch exporter beats jaeger curator elastalert2 kube helm3 helm4 kustomize kubectl helmfile argocd promtool sbom
	@$(MAKE) test-cluster

.PHONY: truth
truth: ## what verify proves works, and what works is proven: set-ups of a seed, run by the real programs; at most 45 minutes
## then five faults that are planted in verify, each of which it must find
## TRUTH_SEED=… other set-ups; TRUTH_RANDOM=… how many of each program are put together by chance; TRUTH_ONLY=… those with this in their name
	@$(PARTS) prepare elasticsearch exporter beats jaeger curator elastalert2
	TRUTH_SEED=$(or $(TRUTH_SEED),1) TRUTH_EVERY=1 TRUTH_RANDOM=$(or $(TRUTH_RANDOM),40) \
		go test -tags integration -count=1 -timeout 60m -v -run TestTruth ./test/truth $(FAILED)
	@$(PARTS) missing elasticsearch exporter beats jaeger curator elastalert2

.PHONY: chaos
chaos: ## elk-mtls-init killed anywhere over a bad network: 500 rounds, 20 rotations; about 20 minutes
## CHAOS_SEED=… replays a run, CHAOS_ROUNDS=… CHAOS_ROTATIONS=… its length
	@$(PARTS) prepare elasticsearch kube envtest
	go test -tags chaos -count=1 -timeout 60m -v -run 'TestChaos|TestRotations' ./test/chaos $(FAILED)
	@$(PARTS) missing elasticsearch kube

.PHONY: test-cluster
test-cluster: plugin image-cmp ## the stock charts on a real one-node cluster, with real Helm: needs root
## 17 minutes; installs containerd and mmdebstrap by apt-get where they are missing
	@if [ "$$(id -u)" != 0 ]; then \
		echo "ATTENTION: TESTS WERE LEFT OUT: a cluster cannot be had here: not root; run make test-cluster as root" >&2; \
		case "$${ELK_MTLS_REQUIRE_REAL:-0}" in 0) exit 0 ;; *) exit 1 ;; esac; \
	fi; \
	$(PARTS) prepare $(CLUSTER_PARTS); \
	go test -tags cluster -count=1 -v -timeout 40m ./test/cluster/... $(FAILED); \
	$(PARTS) missing $(CLUSTER_PARTS)

.PHONY: prove-year
prove-year: plugin image-cmp ## eight renewals and another CA on a real cluster, by cert-manager, with nobody at hand: needs root, 40 minutes
## 47 days are 4 minutes; YEAR_LIFETIME=… YEAR_RENEWALS=… others; then the same without restarts, which must fail.
	@$(PARTS) prepare $(CLUSTER_PARTS)
	ELK_MTLS_REQUIRE_REAL=1 YEAR_RENEWALS=$(or $(YEAR_RENEWALS),8) YEAR_CONTROL=1 go test -tags cluster -count=1 -v -timeout 60m -run TestYear ./test/cluster $(FAILED)
	@$(PARTS) missing $(CLUSTER_PARTS)

.PHONY: check
check: ## vet, gofmt, golangci-lint, actionlint, import rules, file sizes, dead links in documents
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
bench: ## elk-mtls beside kustomize, ytt, yq, gojq, a kyaml pipeline: writes docs/performance.md
## half an hour; BENCHFLAGS="-rounds 3 -slow 1 -document -" looks quickly; then each step by go test -bench, for benchstat
	@$(PARTS) prepare kustomize ytt yq gojq kio
	go run ./test/bench $(BENCHFLAGS)
	go test -run '^$$' -bench . -benchmem ./plugin/...

.PHONY: bench-init
bench-init: ## elk-mtls-init with a real Elasticsearch, beside a bare program and a script: writes there, too
	@$(PARTS) prepare elasticsearch kube envtest
	go run ./test/benchinit
	@$(PARTS) missing elasticsearch kube

.PHONY: prove-install
prove-install: ## from nothing to verify by each way of docs/install.md, and a changed file by each; about 3 minutes
	@$(PARTS) prepare helm4 sbom
	go test -tags install -count=1 -timeout 30m -v ./test/install $(FAILED)
	@$(PARTS) missing helm4 sbom

.PHONY: prove-survey
prove-survey: ## what a survey says of 200 sets of real clients, and of 20 on Elasticsearch 9; killed 100 times; half an hour
## SURVEY_SETS=… SURVEY_SEED=… SURVEY_KILLS=… SURVEY_REQUESTS=… others; a short form is in make test-all
	@$(PARTS) prepare elasticsearch
	@ES_HOME= ES_VERSION=9.5.3 $(PARTS) prepare elasticsearch
	SURVEY_SETS=$(or $(SURVEY_SETS),200) SURVEY_BATCH=20 SURVEY_SECONDS=40 SURVEY_SEED=$(or $(SURVEY_SEED),1) SURVEY_KILLS=$(or $(SURVEY_KILLS),100) \
		SURVEY_REQUESTS=$(or $(SURVEY_REQUESTS),20000) go test -tags survey -count=1 -timeout 120m -v ./test/survey $(FAILED)
	ES_HOME= ES_VERSION=9.5.3 SURVEY_SETS=20 SURVEY_BATCH=10 SURVEY_SECONDS=40 SURVEY_SEED=$(or $(SURVEY_SEED),1) \
		go test -tags survey -count=1 -timeout 60m -v -run TestSurvey ./test/survey $(FAILED)
	@$(PARTS) missing elasticsearch

.PHONY: prove-catalog
prove-catalog: ## each field of each description of a client is blanked: a case must fail; about 3 minutes
	CATALOG_EVERY=1 go test -tags slow -count=1 -timeout 30m -run TestEveryFieldOfTheCatalogMatters ./plugin $(FAILED)

.PHONY: prove-order
prove-order: ## the same bytes give the same answer, for every fixture and case: 50 runs each (ORDER_RUNS=50)
	ORDER_RUNS=$(or $(ORDER_RUNS),50) go test -tags slow -count=1 -timeout 60m -run TestSameInManyRuns ./plugin $(FAILED)

.PHONY: prove-clock
prove-clock: ## each day of two years: what ends is a problem of verify and doctor 30 days before, and nothing else is; 10 minutes
## the node is Elasticsearch under libfaketime, where the system has that; a sample of the days is in make test
	@$(PARTS) prepare elasticsearch
	CLOCK_EVERY=1 go test -tags elasticsearch -count=1 -timeout 60m -v -run 'TestClock' ./plugin/internal/verify ./plugin ./initcontainer $(FAILED)
	@$(PARTS) missing elasticsearch

.PHONY: prove-mentions
prove-mentions: ## an address planted in every place of every fixture and rendering, in five spellings: both halves see it alike, half an hour
## MENTION_RUNS=3000 tries a sample, as make test does; MENTION_SEED=… another one
	MENTION_RUNS=$(or $(MENTION_RUNS),all) MENTION_SEED=$(or $(MENTION_SEED),16) go test -tags slow -count=1 -timeout 300m -v -run TestProveMentions ./plugin $(FAILED)

.PHONY: mutants
mutants: ## the code changed in 200 places, one at a time: three of four must make a fast test fail; at most an hour
## MUTANTS=200 how many, MUTANTS_SEED=1 which; survivors go into dist/mutants.txt; then those that are made by hand
	@mkdir -p dist
	nice -n 19 go run ./test/mutants -n $(or $(MUTANTS),200) -seed $(or $(MUTANTS_SEED),1) -survivors dist/mutants.txt
	nice -n 19 go run ./test/mutants -hand

.PHONY: fuzz
fuzz: ## each fuzz target for a while (FUZZTIME=30s)
	@for file in $$(git ls-files --cached --others --exclude-standard '*_test.go' | xargs grep -l '^func Fuzz'); do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' $$file); do \
			echo "$$target in $$(dirname $$file)"; \
			go test "./$$(dirname $$file)" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s; \
		done; \
	done

.PHONY: golden
golden: ## rewrite what the golden tests expect; then read that diff as you would code
	UPDATE_GOLDEN=1 go test -tags slow -count=1 -run 'TestGolden|TestPicture|TestCompatibility|TestSettingsPage|TestClientsPage|TestRulesPage|TestRefusalsPage|TestMutations' ./plugin
	UPDATE_GOLDEN=1 go test -count=1 -run TestSchema ./plugin/internal/config
	@git diff --stat -- '*testdata*' docs

.PHONY: cli
cli: build ## docs/cli.md, and man pages into dist/man, from what the programs say with --help
	@go -C test/tools/help run . -bin $(CURDIR)/bin -page $(CURDIR)/docs/cli.md -man $(CURDIR)/dist/man
	@echo docs/cli.md dist/man

.PHONY: docs
docs: ## the site of these documents into dist/site, by mkdocs-material: needs Python 3 with venv, and git
## REPOSITORY=… is where links to files lead that are no pages, such as https://forge.example/elk-mtls/blob/main
	@mkdir -p dist/site-pages && python3 -m venv dist/site-tools
	@dist/site-tools/bin/pip install --quiet --disable-pip-version-check --require-virtualenv -r test/tools/site/requirements.txt
	dist/site-tools/bin/mkdocs build --quiet -f test/tools/site/mkdocs.yml
	@echo dist/site

##@ Tools

.PHONY: tools
tools: ## make all real parts and tools ready now: see test/parts
	@$(PARTS) prepare
