# make reproduce   the environment, then every table and figure
# make test        the environment, then all tests (make test-fast: the quick ones)
# make bench       training steps, probes and the pipeline itself, timed (half an hour)
# make lint        form of code and rules

PYTHON ?= python3
CORES ?= all
VENV := .venv
READY := $(VENV)/ready
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: reproduce test test-fast bench lint environment
reproduce: $(READY)
	snakemake --cores $(CORES)

test: $(READY)
	python -m pytest

test-fast: $(READY)
	python -m pytest -m "not slow"

bench: $(READY)
	python src/bench.py

lint: $(READY)
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

environment: $(READY)

# The stamp comes last, so that an interrupted installation is taken up again.
$(READY): envs/requirements.txt
	@command -v $(PYTHON) >/dev/null || \
	  { echo "normscape needs Python 3.11 or newer; '$(PYTHON)' was not found (make PYTHON=...)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "normscape needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1) (make PYTHON=...)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "normscape needs Python's venv module; '$(PYTHON)' has none (on Debian: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@
