# `make` lists what there is to do. It needs Python 3.11 or newer; everything else is installed into .venv.

VENV      := .venv
BIN       := $(VENV)/bin
PYTHONS   := $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)
PIP       := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input
PINS      := requirements/tested.txt
PACKAGE   := $(VENV)/.package
TOOLS     := $(VENV)/.tools
MEASURES  := $(VENV)/.measures
PYTEST    := $(BIN)/pytest -n 2 --dist worksteal

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lint types architecture properties races bench docs pins clean

help:
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-11s %s\n", $$1, $$2 }'

demo: $(PACKAGE)  ## import a sample, tell its figures and write an HTML report to out/ (DATA=folder: import that instead)
	@$(BIN)/crmkit demo --out out $(if $(DATA),--data "$(DATA)")

test: $(TOOLS)  ## run the whole test suite (PYTEST_ARGS=... goes to pytest)
	@$(PYTEST) $(PYTEST_ARGS)

check: lint types architecture  ## lint, types and the arrows between the parts

lint: $(TOOLS)
	$(BIN)/ruff check

types: $(TOOLS)
	$(BIN)/mypy

architecture: $(TOOLS)
	$(BIN)/pytest -q tests/architecture

properties: $(TOOLS)  ## compare stores and languages on many more random cases than `make test` does
	@$(PYTEST) --hypothesis-profile=properties $(PYTEST_ARGS) tests/core tests/storage tests/testing

races: $(TOOLS)  ## race writers and kill them many more times than `make test` does (ROUNDS=250)
	@CRMKIT_RACES=$(or $(ROUNDS),250) $(BIN)/pytest $(PYTEST_ARGS) tests/races

bench: $(MEASURES)  ## measure, and write the table to out/benchmarks.md (SIZE=100000 ROUNDS=5 BENCH_ARGS="--stores sqlite --docs")
	@$(BIN)/python -m benchmarks --size $(or $(SIZE),100000) --rounds $(or $(ROUNDS),5) $(BENCH_ARGS)

docs: $(PACKAGE)  ## write the pages of the reference that follow from the code
	@$(BIN)/python docs/generated.py

pins:  ## take the newest libraries that pyproject.toml admits, and write down which they are
	@$(MAKE) --no-print-directory clean
	@$(MAKE) --no-print-directory $(TOOLS) PINS=/dev/null
	@$(BIN)/python -m pip --disable-pip-version-check freeze --exclude-editable > $(PINS)

clean:  ## remove .venv and everything else that was made here
	@rm -rf $(VENV) out build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find src tests examples docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@for python in $(PYTHONS); do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Making $(VENV) with $$("$$python" --version)"; \
	        exec "$$python" -m venv --clear $(VENV); \
	    fi; \
	done; \
	echo "crmkit needs Python 3.11 or newer, and none of these is: $(PYTHONS). Name yours: make PYTHON=/path/to/python3" >&2; \
	exit 1

$(PACKAGE): $(BIN)/python pyproject.toml $(PINS)
	@echo "Installing crmkit into $(VENV)"
	@$(PIP) --constraint $(PINS) --editable '.[all]'
	@touch $@

$(TOOLS): $(PACKAGE)
	@echo "Installing the tools of the tests into $(VENV)"
	@$(PIP) 'pip>=25.1'  # the first that knows dependency groups
	@$(PIP) --constraint $(PINS) --group test --group check
	@touch $@

$(MEASURES): $(PACKAGE)
	@echo "Installing what crmkit is measured against into $(VENV)"
	@$(PIP) 'pip>=25.1'  # the first that knows dependency groups
	@$(PIP) --constraint $(PINS) --group bench
	@touch $@
