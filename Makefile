# Everything here creates and refreshes .venv by itself; `make` alone lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SUITES ?= ../shared/suites

export PYTHONUTF8 = 1

.PHONY: help serve test test-full conformance lint format bench lock wheel web web-check clean

help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "clustergraph needs Python 3.11 or newer; say which: make PYTHON=python3.12" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

serve: $(STAMP)  ## serve the whole graph at http://127.0.0.1:8000/sparql
	$(BIN)/clustergraph serve $(ARGS)

test: $(STAMP)  ## the quick tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m "not full and not conformance" $(ARGS)

test-full: $(STAMP)  ## all tests, also those that take minutes
	$(BIN)/python -m pytest $(ARGS)

conformance: $(STAMP)  ## the W3C test suites (SUITES=directory)
	CLUSTERGRAPH_SUITES=$(abspath $(SUITES)) $(BIN)/python -m pytest -m conformance $(ARGS)

lint: $(STAMP)  ## style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(STAMP)  ## rewrite the sources in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)  ## timings (figures in benchmarks/RESULTS.md)
	$(BIN)/python benchmarks/run.py $(ARGS)

lock: $(STAMP)  ## write requirements-dev.lock, with a hash for each file
	$(BIN)/python -m uv pip compile pyproject.toml --extra dev --extra pandas --extra parquet --extra reason \
	  --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --quiet \
	  --output-file requirements-dev.lock

wheel: $(STAMP)  ## build the wheel into dist/
	$(BIN)/python -m build --wheel

web/node_modules: web/package-lock.json
	cd web && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

web: web/node_modules  ## bundle the scripts of the pages again (needs node)
	node web/build.mjs

web-check: web/node_modules  ## are the committed scripts what web/ gives? (needs node)
	node web/build.mjs --check

clean:  ## remove what these targets made
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache
