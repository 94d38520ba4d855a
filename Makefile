# make demo       the whole factory on this machine: build, sync, summary, portal. Ctrl-C stops it
# make demo-stop  stop what `make demo` left running in another terminal
# make test       install what the tests need, then lint, types, boundaries, definitions, tests
# make lint       only the checks that read code
# make bench      the measurements behind the speed claims, as ratios
# make env        only the environment of the lock file
# make lock       write the lock files again after a change in pyproject.toml; what is pinned stays
SHELL := /bin/bash
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
export PYTHON

COMPILE := uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11

.PHONY: demo demo-stop test lint bench lock env env-dev env-test

demo: env
	@$(BIN)/waterworks demo $(DEMO_OPTIONS)

demo-stop:
	@if [ -x $(BIN)/waterworks ]; then $(BIN)/waterworks down; else echo "Nothing to stop."; fi

env:
	@scripts/environment runtime
	@$(BIN)/python -m portal.vendor

env-dev:
	@scripts/environment dev
	@$(BIN)/python -m portal.vendor

env-test:
	@scripts/test-setup

test: env-test env-dev lint
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_OPTIONS)

lint: env-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/dg check yaml
	$(BIN)/dg check defs

lock: env-dev
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --extra dev --extra bench --output-file requirements-dev.lock

# sling is only built for Linux on amd64; elsewhere the benchmark runs without it
bench: env-dev
	@[ "$$(uname -sm)" != "Linux x86_64" ] || [ -d .waterworks/sling/sling_linux_amd64 ] || \
		$(BIN)/uv pip install --quiet --no-deps --require-hashes --target .waterworks/sling -r benchmarks/sling.txt
	$(BIN)/python -m benchmarks
