# Every target is one command of a contributor's day. `make` prints them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo cluster cluster-down test test-fast test-worker test-activities test-behavior test-registry test-cluster test-faults test-cluster-ground test-packaging lint fmt bench bench-builds bench-cluster bench-schedules clean activities

CARGO ?= cargo
WARPLINE := target/debug/warpline
EXAMPLE := manifests/examples/package-builder
DEMO := target/demo
CLUSTER := tests/cluster/ground/cluster
# With a test beside it the program is built with the features of its dependencies that tests use: the tests build nothing again.
BUILD := $(CARGO) build --quiet --bin warpline --test house

help: ## Print the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

demo: activities ## Build Warpline and run the PackageBuilder workflows on a workspace of 19 npm packages
	@echo "building Warpline (about 3 minutes the first time)"
	@$(BUILD)
	@rm -rf $(DEMO) && mkdir -p $(DEMO)
	@node $(EXAMPLE)/activities/dist/prepare-workspace.js $(EXAMPLE)/workspace $(DEMO)/workspace
	@printf '{"buildId":"demo","workspaceRoot":"%s","config":{"maxConcurrentBuilds":4}}' "$$PWD/$(DEMO)/workspace" > $(DEMO)/input.json
	@$(WARPLINE) run $(EXAMPLE) --workflow PackageBuilderWorkflow --input @$(DEMO)/input.json > $(DEMO)/result.json
	@echo && cat $(DEMO)/workspace/reports/build-demo.md
	@echo && echo "To look closer:"
	@echo "  the report of each package      $(DEMO)/workspace/reports/"
	@echo "  what was published              $(DEMO)/workspace/registry/"
	@echo "  the workflow's result           $(DEMO)/result.json"
	@echo "  the TypeScript that ran         $(WARPLINE) compile $(EXAMPLE) --workflow PackageBuildWorkflow"
	@echo "  Temporal's page of a new run    $(WARPLINE) run $(EXAMPLE) --workflow PackageBuilderWorkflow --input @$(DEMO)/input.json --ui"

cluster: activities ## Start a real Kubernetes cluster with Warpline on it (root, Debian 12, Go; 10 minutes the first time, then half a minute)
	@echo "building Warpline (about 3 minutes the first time)"
	@$(BUILD)
	@$(CLUSTER) up
	@$(CLUSTER) install

cluster-down: ## End that cluster and remove all that it left
	@$(CLUSTER) down

activities: $(EXAMPLE)/activities/dist/.built

$(EXAMPLE)/activities/dist/.built: $(wildcard $(EXAMPLE)/activities/src/*.ts) $(EXAMPLE)/activities/package-lock.json $(EXAMPLE)/activities/tsconfig.json
	@echo "building the example's activities (npm, about 15 seconds the first time)"
	@cd $(EXAMPLE)/activities && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npm run --silent build
	@touch $@

test: lint test-fast test-activities test-behavior test-registry test-worker test-packaging test-faults test-cluster ## Pass every test: about an hour on two cores the first time
	@echo "all tests passed"

test-fast: ## Unit tests, snapshots, properties, the plan of the house: no server
	$(CARGO) test --lib --bins --test house --test api --test compile --test definition --test diagnostic

test-behavior: activities ## Workflows on a real Temporal server, with real workers and activities
	$(CARGO) test --test typecheck --test command_line --test local --test temporal --test behavior --test dev

test-registry: ## Images of activities in real registries, from npm trees (Debian 12, Go, npm)
	$(CARGO) test --test registry

test-activities: activities ## The example's activities, on real workspaces
	cd $(EXAMPLE)/activities && npm test

test-worker: ## The worker, on a real Temporal server
	@$(BUILD)
	cd worker && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cd tests/cluster/ground/npm-registry && npm ci --loglevel=error
	export VERDACCIO=$(CURDIR)/tests/cluster/ground/npm-registry/node_modules/verdaccio/bin/verdaccio; TEMPORAL_CLI="$$($(WARPLINE) tools | node -p 'JSON.parse(fs.readFileSync(0, "utf8")).temporal')"; export TEMPORAL_CLI; cd worker && npm test

test-cluster: activities ## The operator on a real cluster of its own, which it makes and ends (root, Debian 12)
	@$(BUILD)
	@export WARPLINE_CLUSTER=$(CURDIR)/target/test-cluster; trap '$(CLUSTER) down' EXIT; $(CLUSTER) up && $(CLUSTER) argo-cd && $(CARGO) test --test cluster -- --test-threads=3 && $(CARGO) test --test rights

test-faults: ## The operator between servers that fail it; WARPLINE_FAULTS=all is every fault at every write (root, Debian 12)
	@$(BUILD)
	@export WARPLINE_CLUSTER=$(CURDIR)/target/test-faults; trap '$(CLUSTER) down' EXIT; $(CLUSTER) servers && $(CARGO) test --test faults -- --nocapture

test-cluster-ground: activities ## The test cluster's own promise: it ends without leaving anything behind
	@$(BUILD)
	tests/cluster/ground/leaves-nothing

test-packaging: ## Charts, manifests and Argo CD's health scripts; UPDATE=1 writes what is rendered from the charts anew
	cd tests/packaging && GOFLAGS=-trimpath go test -count=1 ./...

bench: activities ## Compile time against size, and run time beside hand-written code (an optimized build of its own first)
	$(CARGO) bench --quiet --bench compile --bench runtime

bench-builds: ## From a tree to an image in a registry: warpline beside buildah (Debian's buildah; an optimized build first)
	$(CARGO) build --quiet --release --bin warpline
	benches/builds/compare

bench-cluster: activities ## Workflows on a cluster of their own, WORKFLOWS="COUNT QUEUES" (1000 4): apply to current, all live, writes at rest, memory (20 minutes; an optimized build first)
	$(CARGO) build --quiet --release --bin warpline
	WARPLINE=$(CURDIR)/target/release/warpline WARPLINE_CLUSTER=$(CURDIR)/target/bench-cluster benches/cluster/measure $(WORKFLOWS)

bench-schedules: activities ## A thousand Schedules on a cluster of their own: requests a minute, age of the status, memory (half an hour; an optimized build first)
	$(CARGO) build --quiet --release --bin warpline
	WARPLINE=$(CURDIR)/target/release/warpline WARPLINE_CLUSTER=$(CURDIR)/target/bench-cluster benches/schedules/measure

lint: ## Formatting and clippy
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --quiet -- -D warnings

fmt: ## Format the Rust code
	$(CARGO) fmt

clean: ## Remove everything that was built
	$(CARGO) clean
	rm -rf worker/node_modules worker/dist $(EXAMPLE)/activities/node_modules $(EXAMPLE)/activities/dist
