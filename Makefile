# Tessera. `make help` lists what there is.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help run install test check test-clients test-pythons smoke-pythons system faults lint format bench sizing lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(VENV)/runtime.stamp ## Start the server with demonstration data on 127.0.0.1:8000 (PORT= overrides)
	@$(BIN)/tessera serve --demo --port $(PORT)

install: $(VENV)/dev.stamp $(VENV)/tools.stamp ## Set up .venv with everything that run, test, lint and bench need

test: system install ## Run the tests of the product; on Debian, root has what they need installed
	@$(BIN)/python -m tests product

check: install ## Run lint and the tests that start no server and no database: for every few minutes
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m tests check

test-clients: system install ## Try clients of other languages, as they are published and as they are generated
	@$(BIN)/python -m tests clients

test-pythons: system install ## Run the tests of the product on the newest Python that is found
	@$(BIN)/python -m tests.pythons newest

smoke-pythons: system install ## Try everything that waits on each Python that is found
	@$(BIN)/python -m tests.pythons smoke

system:
	@sh tests/setup/system.sh || true

faults: $(VENV)/dev.stamp ## Kill, break and fail over at length, and prove that nothing is lost (needs PostgreSQL, strace)
	@$(BIN)/python -m tests.faults

lint: $(VENV)/dev.stamp ## Check style, types, floors and house rules
	@$(BIN)/ruff format --check src tests bench
	@$(BIN)/ruff check src tests bench
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/dev.stamp ## Put the code into the house style
	@$(BIN)/ruff format src tests bench
	@$(BIN)/ruff check --fix src tests bench

bench: $(VENV)/dev.stamp ## Measure speed against a bare handler, in one run (needs wrk)
	@$(BIN)/python -m bench

sizing: $(VENV)/dev.stamp ## Simulate how soon a revocation is in force on 500 nodes
	@$(BIN)/python -m bench.fanout

lock: $(VENV)/dev.stamp ## Pin the newest allowed versions of all dependencies, with hashes
	@sh requirements/lock.sh $(BIN)/uv

clean: ## Remove .venv and build leftovers; data in var/ stays
	@rm -rf $(VENV) build src/*.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tessera needs Python 3.11 or newer; say PYTHON=python3.12, for instance.")'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements/build.txt requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the server needs ..."
	@$(PIP) --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/tools.stamp: requirements/tools.txt | $(VENV)/bin/python
	@echo "Installing tools of other languages ..."
	@$(PIP) --require-hashes -r requirements/tools.txt
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt | $(VENV)/runtime.stamp
	@echo "Installing what the tests need ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
