# Thin on purpose: every target is what a person would type.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

export CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
export GENIE_TOOLS := $(abspath $(or $(GENIE_TOOLS),$(CARGO_TARGET_DIR)/tools))
HOST := $(shell uname -m)-unknown-linux-gnu
# The plugin is linked with musl: before main, glibc asks the processor what it can do, each
# answer of which a hypervisor has to give, and that is a fifth of what a call costs
# (docs/performance/tried.md). Wasmtime has some lines of C that need no libc.
PLUGIN := $(HOST:-gnu=-musl)
CC_MUSL := CC_$(subst -,_,$(PLUGIN))=$(CC)
# Messages of panics name files: without the folders of this machine two builds are the same
# bytes wherever they are made (make reproducible). Of two prefixes the later one counts.
ANYWHERE := --remap-path-prefix=$(CURDIR)=/genie --remap-path-prefix=$(CARGO_TARGET_DIR)=/target \
	--remap-path-prefix=$(abspath $(or $(CARGO_HOME),$(HOME)/.cargo))=/cargo
# Linked statically, both run on any distribution. Packed relocations make genie-host 1.7 MB
# smaller; the C library that is linked in has to know them (glibc 2.36, of Debian 12).
STATIC := -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs $(ANYWHERE)
# Nothing in genie-host unwinds, so the tables for it, 3 MB, are left out.
# Random numbers come by the system call: a crate that finds no function for it in a static
# program would open /dev/random, which is not in every root, and not for a confined child.
HOST_FLAGS := $(STATIC) -C force-unwind-tables=no --cfg getrandom_backend=\"linux_getrandom\"
ARTEFACTS := $(CARGO_TARGET_DIR)/artefacts
# The engine of scripts has no libc of the machine: QuickJS brings its own. Its assertions name
# files, too.
ENGINE := wasm32-unknown-unknown
ENGINE_FLAGS := CC_$(subst -,_,$(ENGINE))=clang AR_$(subst -,_,$(ENGINE))=llvm-ar \
	CFLAGS_$(subst -,_,$(ENGINE))=-ffile-prefix-map=$(CARGO_TARGET_DIR)=/target
# What the image holds has to stay below this: 30 MB of programs, and 1 MB for scripts.
IMAGE := 31000000

# Which of tests/tools a target runs against (tests/lint compares). No test runs Multus, which
# takes minutes to build: `make differential` keeps what it does. Only `make signing` signs.
ALL_TOOLS := $(notdir $(patsubst %/recipe,%,$(wildcard tests/tools/*/recipe)))
TOOLS_demo := cnitool flannel plugins calico
TOOLS_test := $(filter-out multus cosign,$(ALL_TOOLS))
TOOLS_faults := $(TOOLS_test)
TOOLS_e2e := $(TOOLS_test)
TOOLS_differential := multus kubernetes
TOOLS_bench := $(filter-out cosign,$(ALL_TOOLS))
TOOLS_fuzz := libcni
TOOLS_deploy := helm
TOOLS_signing := cosign
# Which targets build policies in other languages, with tools of their registries. Go is there for the tools.
WITH_LANGUAGES := test e2e
# Which targets run scripts, or make the image, which holds their engine.
WITH_SCRIPT := test e2e bench

# Cargo is asked for the workspace, also where one program is wanted: for one package it would
# choose fewer features of what all depend on, and build that once more.
#
# What all targets that attach something begin with: what only the machine can give, Debian
# packages, then Rust and Go side by side. $(1) is what cargo does beyond building the two programs.
define prepare
	tests/needs root rust cc $(if $(filter $@,$(WITH_LANGUAGES)),python npm) $(TOOLS_$@)
	tests/tools/packages
	tests/side-by-side Rust 'make --no-print-directory build$(if $(filter $@,$(WITH_SCRIPT)), script)$(if $(1), && cargo $(1))' \
		'Go  ' 'tests/tools/build $(TOOLS_$@)'
endef

define below-its-bound
	(( $$(cat dist/genie dist/genie-host dist/script.wasm 2> /dev/null | wc -c) < $(IMAGE) )) || \
		{ echo 'dist/ is the image, which has to stay under $(IMAGE) bytes'; exit 1; }
endef

.PHONY: build script check lint demo test faults e2e differential tools bench fuzz deploy reproducible sbom signing help toolchain clean
.SILENT: build script check lint demo test faults e2e differential tools bench fuzz deploy reproducible sbom signing help toolchain

build: toolchain ## dist/genie (the plugin) and dist/genie-host (everything for people)
	[[ -x dist/genie ]] || echo 'building dist/genie-host and dist/genie (about 8 minutes the first time, on two cores)'
	RUSTFLAGS="$(HOST_FLAGS)" cargo build --locked --release --target $(HOST) -p genie-host --bin genie-host
	install -D -m 0755 $(CARGO_TARGET_DIR)/$(HOST)/release/genie-host dist/genie-host
	dist/genie-host compile --built-in --output $(ARTEFACTS)
	GENIE_ARTEFACTS=$(ARTEFACTS) $(CC_MUSL) RUSTFLAGS="$(STATIC)" cargo build --locked --profile plugin --target $(PLUGIN) \
		-p genie
	install -D -m 0755 $(CARGO_TARGET_DIR)/$(PLUGIN)/plugin/genie dist/genie
	$(below-its-bound)

script: toolchain ## dist/script.wasm, the engine of policies that are one file of JavaScript; needs clang
	tests/needs clang
	RUSTFLAGS="$(ANYWHERE)" $(ENGINE_FLAGS) cargo build --locked --profile selector --target $(ENGINE) -p selector-script
	install -D -m 0644 $(CARGO_TARGET_DIR)/$(ENGINE)/selector/selector_script.wasm dist/script.wasm
	$(below-its-bound)

check: toolchain ## format, clippy and unit tests, after every change: no root, no Go, under a minute
	rustup --quiet component add rustfmt clippy
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	tests/unit

lint: toolchain ## dependencies, licences, documents, links, spelling, scripts, circles, the SDK by itself, the engine of scripts; needs python3 and clang
	tests/needs python clang
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' \
		cargo doc --locked --quiet --workspace --no-deps --document-private-items
	$(ENGINE_FLAGS) cargo clippy --locked -p selector-script --target $(ENGINE) -- -D warnings
	tests/lint
	tests/package

demo: ## the reference scenario with the real calico and the real flannel; needs root
	$(call prepare)
	tests/demo

test: ## every test; needs root, for network namespaces
	$(call prepare,test --locked --workspace --no-run)
	cargo test --locked --workspace --no-fail-fast

faults: ## all kills and all load, of which make test tries a part; takes half an hour and root
	$(call prepare,test --locked --no-run --workspace --test "faults_*" --test load)
	STEPS=100000 ROUNDS=1000 LOAD_ROUNDS=20 cargo test --locked --workspace --test 'faults_*' --test load

e2e: ## the scenario on a real cluster of two nodes; CASE=… runs a part, KEEP=1 leaves it up; needs root
	$(call prepare,build --locked --workspace --bin e2e)
	$(CARGO_TARGET_DIR)/debug/e2e $(CASE)

differential: ## genie beside the real Multus: that it does as recorded, and ROUNDS=200 cases made by chance from SEED=…; RECORD=1 records anew; needs root
	$(call prepare,build --locked --workspace --bin differential --bin recorder)
	$(CARGO_TARGET_DIR)/debug/differential

tools: ## the real plugins, runtimes and Kubernetes of the tests, which make test builds beside Rust; needs root, for packages
	tests/needs root $(TOOLS_test)
	tests/tools/packages
	for tool in $(TOOLS_test); do tests/tools/build "$$tool"; done

bench: ## what a call costs, beside cnitool and Multus; AGAINST=DIR beside the build in DIR, PART=beside a part, ROUNDS=30 a shorter run, DOCS=1 into docs/; needs root
	$(call prepare,build --locked --release -p genie-tests --bins)
	RUSTFLAGS="$(HOST_FLAGS)" cargo build --locked --release --target $(HOST) -p genie-host --example many_agents
	BENCH_DOCS=$(DOCS) MANY_AGENTS=$(CARGO_TARGET_DIR)/$(HOST)/release/examples/many_agents \
		$(CARGO_TARGET_DIR)/release/bench $(ROUNDS) $(PART)
	$(if $(PART)$(AGAINST),,$(CARGO_TARGET_DIR)/release/e2e pod-start)

fuzz: ## each target of tests/fuzz for 20 s; TIME=… or RUNS=… for longer, TARGET=… for one; needs a C++ compiler
	tests/needs rust cc c++ $(TOOLS_$@)
	tests/side-by-side Rust 'make --no-print-directory toolchain' 'Go  ' 'tests/tools/build $(TOOLS_$@)'
	tests/fuzz/run $(TARGET)

deploy: ## the manifests of deploy/, from the chart
	tests/needs $(TOOLS_$@)
	tests/tools/build $(TOOLS_$@)
	HELM=$(GENIE_TOOLS)/bin/helm deploy/render configuration > deploy/configuration.new
	HELM=$(GENIE_TOOLS)/bin/helm deploy/render program > deploy/genie.new
	HELM=$(GENIE_TOOLS)/bin/helm deploy/render networks > deploy/kinds/logical-networks.new
	mv deploy/configuration.new deploy/configuration.yaml
	mv deploy/genie.new deploy/genie.yaml
	mv deploy/kinds/logical-networks.new deploy/kinds/logical-networks.yaml

reproducible: build script ## that another folder, target directory and CARGO_HOME give the same bytes; takes a whole build
	tests/reproducible

sbom: build script ## dist/genie.cdx.json, dist/genie-host.cdx.json and dist/script.cdx.json: what each is made of; needs python3
	deploy/sbom genie $(PLUGIN) genie > dist/genie.cdx.json
	deploy/sbom genie-host $(HOST) genie-host > dist/genie-host.cdx.json
	deploy/sbom script $(ENGINE) selector-script > dist/script.cdx.json

signing: ## the image signed with a key, and refused when it is changed, in a registry of this machine
	tests/needs rust cc clang $(TOOLS_$@)
	tests/side-by-side Rust 'make --no-print-directory sbom' 'Go  ' 'tests/tools/build $(TOOLS_$@)'
	tests/signing

help: ## this
	awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "%-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

toolchain:
	tests/needs rust cc
	rustup which rustc > /dev/null 2>&1 || rustup toolchain install
	for target in wasm32-unknown-unknown wasm32-wasip2 $(PLUGIN); do \
		rustup target list --installed | grep -qx "$$target" || rustup target add "$$target"; \
	done

# For tests/lint.
tools-of-%:
	@echo $(TOOLS_$*)

clean: ## no dist/, nothing built
	rm -rf dist $(CARGO_TARGET_DIR)
