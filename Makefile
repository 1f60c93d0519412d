# Two commands for a newcomer: `make demo` shows the thing at work, `make test` passes all checks.
# Each does all of its own set-up from a bare clone with python3 (3.11 or newer) and make.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
# Twice the processors of a small machine: most tests wait most of the time.
WORKERS ?= 4

.PHONY: demo test lint types layers docs unit install bench chaos soak lock wheel clean help

help:  ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(INSTALLED)  ## Make a node from a sentence, then run the example system of four nodes
	@$(BIN)/python examples/orders/demo.py

test: lint types layers docs unit  ## Run every check and every test

lint: $(INSTALLED)  ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)  ## Check types
	$(BIN)/mypy

layers: $(INSTALLED)  ## Check which package may import which
	@$(BIN)/lint-imports --no-logo

docs: $(INSTALLED)  ## Build the documentation's pages into site/, any warning an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

unit: $(INSTALLED)  ## Run the tests
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

bench: $(INSTALLED)  ## Measure, against rivals in the same run
	@$(BIN)/python benchmarks/all.py

chaos: $(INSTALLED)  ## Kill, pause and cut everything under 20,000 commands a scenario, and count; OPTIONS="--scenario kill"
	@PYTHONPATH=tests $(BIN)/python -m chaos $(OPTIONS)

soak: $(INSTALLED)  ## Load nodes steadily for 5 minutes, and see that memory, threads and files stay; OPTIONS="--broker kafka"
	@PYTHONPATH=tests $(BIN)/python -m soak $(OPTIONS)

install: $(INSTALLED)  ## Make .venv with the pinned dependencies

wheel: $(INSTALLED)  ## Build the wheel that generated nodes are installed with, into dist/
	@$(BIN)/python -m build --no-isolation --wheel --outdir dist . >/dev/null && ls dist/*.whl

lock: $(INSTALLED)  ## Pin the dependencies anew, by version and hash
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra all --group dev --group benchmarks --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --quiet --output-file requirements/dev.txt

clean:  ## Remove what make made
	rm -rf .venv dist build site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(INSTALLED): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "nodesmith needs Python 3.11 or newer; $(PYTHON) is older. Try: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12" >&2; exit 2; }
	@echo "Setting up .venv with the pinned dependencies (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps --editable .
	@touch $@
