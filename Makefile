# make          what there is to do
# make demo     the whole system on this machine, live, until every workflow has ended
# make test     everything: linters, types, layers, tests, on a real Kafka
# make bench    ours and the engines one would pick instead, measured in the same rounds
#
# Each takes PYTHON=python3.12 (or a path): that interpreter, in a virtual environment of its own.
.POSIX:
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: help demo venv test lint types unit portable lowest chaos fuzz bench fmt constraints clean

PYTHON =
VENV = $(if $(PYTHON),.venvs/$(subst /,_,$(PYTHON)),.venv)
BIN = $(VENV)/bin
SEED = 1
MINUTES = 30
FAULTS = 150
CASES = 1000000
ONLY =
QUICK =
INSTALLED = $(VENV)/.installed
CODEC = schemas/master_orchestrator_schemas/binary

# The codec's tests once more, in the form that needs no compiler.
PURE_CODEC = MASTER_ORCHESTRATOR_PURE_CODEC=1 $(BIN)/pytest tests/schemas/test_codec.py tests/schemas/test_hostile_records.py

help: ## Show what there is to do
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: $(INSTALLED) ## Run the whole system with a simulated fleet, and judge it
	@$(BIN)/master-orchestrator demo

venv: $(INSTALLED) ## Make the virtual environment

test: lint types unit ## Run everything

lint: $(INSTALLED) ## Check style, spelling and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	PYTHONPATH=chaos $(BIN)/lint-imports

types: $(INSTALLED) ## Check types
	$(BIN)/mypy

unit: $(INSTALLED) ## Run the tests, on a real Kafka
	$(BIN)/pytest
	$(PURE_CODEC)

portable: $(INSTALLED) ## Run the tests that need no broker: an interpreter's first check
	$(BIN)/pytest -m 'not kafka'
	$(PURE_CODEC)

lowest: ## Run the tests that need no broker with the lowest versions of what pyproject.toml asks for
	@python=$$(.ci/find-python $(PYTHON)) && "$$python" -m venv --clear .venvs/lowest
	@.venvs/lowest/bin/python -m pip install --quiet --disable-pip-version-check uv
	@.venvs/lowest/bin/uv pip install --quiet --python .venvs/lowest/bin/python --resolution lowest-direct -e '.[dev]'
	.venvs/lowest/bin/python -m pytest -m 'not kafka'

chaos: $(INSTALLED) ## Faults on a cluster under load, judged from outside: SEED, MINUTES, FAULTS (how many)
	@$(BIN)/python chaos run --seed $(SEED) --minutes $(MINUTES) --faults $(FAULTS)

fuzz: $(INSTALLED) ## A million bad records, and bad topologies, command lines and files: CASES (of both kinds of records)
	@for what in records conduct topology arguments ingest; do \
	  cases=$(CASES); case $$what in records|conduct) ;; *) cases=20000;; esac; \
	  $(BIN)/python fuzz $$what --count $$cases --seed $(SEED) --jobs 2 || exit 1; \
	done

bench: $(INSTALLED) ## Compare with other engines: ONLY (stream, latency, workflows, start), QUICK=1
	@$(BIN)/python bench compare $(ONLY) $(QUICK:1=--quick)

fmt: $(INSTALLED) ## Format the code and mend what can be mended alone
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

constraints: $(INSTALLED) ## Pin what is installed now
	@{ echo "# What the tests ran with. Made by 'make constraints'; pip takes from it only what pyproject.toml asks for."; \
	$(BIN)/pip freeze --exclude-editable | grep -E '^[A-Za-z0-9._-]+==' ; } > constraints.txt

clean: ## Remove everything made here: environment, jars, data, caches
	rm -f $(CODEC)/*.so
	rm -rf .venv .venvs .bench .kafka .data dist build .mypy_cache .pytest_cache .hypothesis .import_linter_cache
	find . \( -name __pycache__ -o -name .ruff_cache \) -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt hatch_build.py $(CODEC)/native.pyx
	@if [ ! -x $(BIN)/pip ]; then \
	  python=$$(.ci/find-python $(PYTHON)) || exit 2; \
	  echo "Making $(VENV) with $$python."; \
	  "$$python" -m venv --clear $(VENV); \
	fi
	@echo "Installing into $(VENV)."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@echo "Installed: master-orchestrator $$($(BIN)/master-orchestrator --version)."
	@touch $(INSTALLED)
