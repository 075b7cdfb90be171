# DANM. `make help` lists what can be made. Nothing needs to be installed first but make and, as root, a Debian whose
# apt works: setup-* installs or builds the rest, outside the tree.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

DANM_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/danm
override DANM_CACHE := $(abspath $(DANM_CACHE))
export DANM_CACHE
export DENO_DIR := $(DANM_CACHE)/deno-dir
export DENO_NO_UPDATE_CHECK := 1
export PATH := $(DANM_CACHE)/tools:$(PATH)
ifndef MAKE_TERMOUT
export NO_COLOR := 1
endif

# What is made, and where: bin/, or with KIND=launchers a folder of its own.
BIN := $(if $(KIND),bin/$(KIND),bin)
# Launchers name the cache they run from, hence one stamp for each.
BUILT = $(1)/.built$(subst /,-,$(DANM_CACHE))
SOURCES := $(shell find cmd lib -name '*.ts' ! -name '*_test.ts') deno.json tests/tools/setup.sh $(wildcard tests/build/*)
SCRIPTS := .ci/run $(shell find tests -name '*.sh')

.PHONY: help
help: ## this list
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22
	@sed -n '/^# Settings/,$$ s/^#//p' $(MAKEFILE_LIST)

# Said at once, and not after what was built first.
.PHONY: need-root
need-root:
	@[ "$$(id -u)" = 0 ] || { echo "make $(MAKECMDGOALS): needs root, for namespaces and packages: sudo make $(MAKECMDGOALS)" >&2; exit 1; }

.PHONY: build
build: $(call BUILT,$(BIN)) ## bin/: danm, fakeipam and the daemons; binaries, or launchers where no runtime can be had
$(call BUILT,bin): $(SOURCES) | setup-deno
	@rm -f bin/.built*
	@deno run -A tests/build/main.ts bin
	@touch $@

# What the lane of launchers runs.
$(call BUILT,bin/launchers): $(SOURCES) | setup-deno
	@rm -f bin/launchers/.built*
	@deno run -A tests/build/main.ts bin/launchers launchers
	@touch $@

.PHONY: images
images: need-root build ## a container image of each component, by buildah or docker, and an archive of each in the cache (root)
	@tests/images/setup.sh
	@deno run -A tests/images/main.ts bin

.PHONY: demo
demo: need-root setup-cluster images ## DANM installs itself on a real cluster, Pods run on three networks, everything goes (root)
	@deno run -A tests/demo/main.ts

.PHONY: cluster
cluster: need-root setup-cluster images ## a real cluster to play with, of NODES nodes, until Ctrl-C (root)
	@deno run -A tests/e2e/cluster.ts $(NODES)

.PHONY: e2e
e2e: need-root setup-cluster setup-kernel images ## DANM as users run it: installation, Pods, a lost node, restarts; twenty minutes (root)
	@deno run -A tests/run/main.ts node
	@deno run -A tests/run/main.ts e2e

.PHONY: release
release: need-root setup-deno ## release/VERSION: all that is to be published of it, with the vendor's runtime only (root)
	@deno run -A tests/release/main.ts "$(VERSION)"

.PHONY: check
check: setup-deno ## format, lint with the layers, types, generated files, scripts
	@for script in $(SCRIPTS); do bash -n $$script || exit; done
	deno check --frozen --quiet
	deno lint
	deno fmt --check
	deno task --quiet manifests --check

.PHONY: manifests
manifests: setup-deno ## generate the CRDs and schemas, of API_GROUP if given
	@deno task --quiet manifests $(if $(API_GROUP),--api-group=$(API_GROUP))

.PHONY: test
test: need-root setup-cluster setup-kernel images $(call BUILT,bin/launchers) ## all tests but the long ones of e2e, in seven lanes (root)
	@deno run -A tests/run/main.ts

.PHONY: test-pure test-host test-cluster test-kernel test-node test-launchers
test-pure: setup-deno ## the tests that need nothing, in seconds; also: deno task test
test-host: need-root setup-test setup-kernel images ## the tests on namespaces of this kernel, processes and files (root)
test-cluster: need-root setup-test build $(call BUILT,bin/launchers) ## the tests on a real etcd and kube-apiserver (root)
test-kernel: need-root setup-test setup-kernel build ## the tests on a Debian kernel under QEMU (root)
test-node: need-root setup-cluster images ## the tests with real Pods, on nodes made of namespaces (root)
test-launchers: need-root setup-test $(call BUILT,bin/launchers) ## launchers, where they and binaries might differ (root)
test-pure test-host test-cluster test-kernel test-node test-launchers:
	@deno run -A tests/run/main.ts $(@:test-%=%)

.PHONY: bench
bench: need-root setup-test build $(call BUILT,bin/launchers) ## time from ADD to DEL, against the figures in the documentation (root)
	@deno run -A tests/bench/main.ts

.PHONY: soak
soak: need-root setup-test build ## Pods coming and going for a long time, then a search for anything left (root)
	@deno run -A tests/soak/main.ts

.PHONY: setup-deno setup-test setup-cluster setup-kernel
setup-deno setup-test setup-cluster:
	@tests/tools/setup.sh $(@:setup-%=%)
setup-kernel:
	@tests/kernel/setup.sh

.PHONY: env
env: ## shell lines that put Deno and the other tools on PATH: eval "$(make env)"
	@echo 'export DANM_CACHE="$(DANM_CACHE)" DENO_DIR="$(DENO_DIR)" PATH="$(DANM_CACHE)/tools:$$PATH"'

.PHONY: clean
clean: ## remove bin/ and release/; what is cached outside the tree stays
	rm -rf bin release

# Settings
#   DANM_CACHE=DIR          where tools are kept (~/.cache/danm)
#   DANM_DOWNLOAD=1         fetch release binaries of etcd, Kubernetes and the CNI plugins instead of building them
#   KUBEBUILDER_ASSETS=DIR  use the etcd, kube-apiserver and kubectl found there
#   NODES=COUNT             how many nodes "make cluster" starts (1)
#   BASE=IMAGE              what all images are based on, instead of Debian packages: an image with sh, coreutils,
#                           util-linux, grep, iproute2 and libgcc_s
#   DENORT_BIN=FILE         the runtime that binaries are made of, and no other
#   VERSION=VERSION         what "make release" makes; lib/api/product_version.ts and CHANGELOG.md must know it
#   KIND=launchers          "make build" makes launchers, in bin/launchers
#
# Lanes of tests: a file's name says where it runs, *_root_test.ts (host), *_cluster_test.ts, *_kernel_test.ts,
# *_node_test.ts or *_e2e_test.ts; else its folder does, as tests/run/lanes.ts lists them. Tests of pure folders get no
# permissions at all.
