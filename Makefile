# Thin on purpose: every target is what a person would type.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

export CARGO_TARGET_DIR ?= $(CURDIR)/target
HOST := $(shell rustc -vV | sed -n 's/^host: //p')
# The plugin is linked with musl: before main, glibc asks the processor what it can do, each
# answer of which a hypervisor has to give, and that is a fifth of what a call costs
# (docs/performance/tried.md). Wasmtime has some lines of C that need no libc.
PLUGIN := $(HOST:-gnu=-musl)
CC_MUSL := CC_$(subst -,_,$(PLUGIN))=$(CC)
# Linked statically, both run on any distribution. Packed relocations make genie-host 1.7 MB
# smaller; the C library that is linked in has to know them (glibc 2.36, of Debian 12).
STATIC := RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs"
ARTEFACTS := $(CARGO_TARGET_DIR)/artefacts
TOOLS := GENIE_TOOLS=$(CARGO_TARGET_DIR)/tools
# No test runs Multus: it takes minutes to build, and only the benchmark calls it.
TESTED := $(filter-out multus,$(notdir $(patsubst %/recipe,%,$(wildcard tests/tools/*/recipe))))

.PHONY: build deploy demo test faults e2e bench fuzz lint networks tools toolchain clean
.SILENT: build toolchain

build: toolchain ## dist/genie (the plugin) and dist/genie-host (everything for people)
	$(STATIC) cargo build --locked --release --target $(HOST) -p genie-host --bin genie-host
	install -D -m 0755 $(CARGO_TARGET_DIR)/$(HOST)/release/genie-host dist/genie-host
	dist/genie-host compile --built-in --output $(ARTEFACTS)
	GENIE_ARTEFACTS=$(ARTEFACTS) $(CC_MUSL) $(STATIC) cargo build --locked --profile plugin --target $(PLUGIN) \
		-p genie-host --bin genie --no-default-features --features plugin
	install -D -m 0755 $(CARGO_TARGET_DIR)/$(PLUGIN)/plugin/genie dist/genie

networks: ## the real plugins alone: all that the demo needs
	tests/tools/packages
	$(TOOLS) tests/tools/build calico flannel plugins

tools: networks ## and all others that the tests run against, a Kubernetes among them
	$(TOOLS) tests/tools/build $(TESTED)

demo: build networks ## the reference scenario with the real calico and the real flannel
	$(TOOLS) tests/demo

test: build tools ## every test; needs root, for network namespaces
	$(TOOLS) cargo test --locked --workspace --no-fail-fast

faults: build tools ## all kills and all load, of which make test tries a part; takes half an hour and root
	$(TOOLS) STEPS=100000 ROUNDS=1000 LOAD_ROUNDS=20 cargo test --locked -p genie-tests --test 'faults_*' --test load

e2e: build tools ## the scenario on a real cluster of two nodes; CASE=… runs a part, KEEP=1 leaves it up; needs root
	$(TOOLS) cargo run --locked -q -p genie-tests --bin e2e -- $(CASE)

bench: build tools ## what a call costs, beside cnitool and Multus; PART=beside a part, ROUNDS=30 a shorter run, DOCS=1 into docs/; needs root
	$(TOOLS) tests/tools/build multus
	$(TOOLS) cargo build --locked --release -p genie-tests --bins
	$(TOOLS) BENCH_DOCS=$(DOCS) $(CARGO_TARGET_DIR)/release/bench $(ROUNDS) $(PART)
	$(if $(PART),,$(TOOLS) $(CARGO_TARGET_DIR)/release/e2e pod-start)

fuzz: ## each target of tests/fuzz for 20 s; TIME=… or RUNS=… for longer, TARGET=… for one; needs a C++ compiler
	$(TOOLS) tests/tools/build libcni
	$(TOOLS) tests/fuzz/run $(TARGET)

deploy: ## deploy/genie.yaml, from the chart
	$(TOOLS) tests/tools/build helm
	HELM=$(CARGO_TARGET_DIR)/tools/bin/helm deploy/render > deploy/genie.yaml.new
	mv deploy/genie.yaml.new deploy/genie.yaml

lint: toolchain
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	tests/lint

toolchain:
	for target in wasm32-unknown-unknown wasm32-wasip2 $(PLUGIN); do \
		rustup target list --installed | grep -qx "$$target" || rustup target add "$$target"; \
	done

clean:
	rm -rf dist $(CARGO_TARGET_DIR)
