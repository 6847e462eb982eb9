# apc: build, test, demo. `make help` lists the targets.

export PATH := $(CURDIR)/bin/toolchain/bin:$(PATH):/usr/local/go/bin
# Distributions switch fetching of toolchains off; go.mod names the one that is needed.
export GOTOOLCHAIN = auto
export APC_PARSERS ?= $(subst $(eval ) ,:,$(wildcard $(CURDIR)/bin/parsers/apparmor_parser-[0-9]*))

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: help setup build test lint e2e golden demo bench fuzz clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 10

setup: ## install what building and testing needs (Debian 12, Ubuntu 24.04 and later)
	@.ci/setup

build: setup ## build bin/apc, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/apc ./cmd/apc

test: build lint ## run every check and test
	go test ./...
	go test -race -short ./...
	bin/apc fmt --check ./examples/... stdlib/*.hcl
	.ci/examples --check
	.ci/e2e

e2e: build ## run the real services of the examples under their profiles, and attack them
	.ci/e2e

lint: setup ## vet, staticcheck, gofmt
	@test -z "$$(gofmt -l cmd compiler examples lang stdlib)" || { echo "gofmt would change:"; gofmt -l cmd compiler examples lang stdlib; exit 1; }
	go vet ./...
	$(STATICCHECK) ./...

golden: build ## rewrite the expected outputs; read the diff before committing it
	go test ./compiler ./cmd/apc -update
	.ci/examples

demo: build ## compile the examples; show a profile, an explanation and lint
	@.ci/demo

bench: build ## time apc beside what a user would take instead
	@.ci/bench

fuzz: setup ## fuzz every target for a minute each
	.ci/fuzz 60s

clean: ## remove what was built
	rm -rf bin examples/go/files
