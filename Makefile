# make reproduce   the environment, then every table and figure
# make test        the environment, then all tests (make test-fast: the quick ones;
#                  make test-faults: kills, a full disk, damaged files;
#                  make test-slurm: on a Slurm of one node, as root)
# make plan        what an experiment takes: jobs, core-hours, disk (PRESET=paper)
# make archive     an experiment as one zip (PRESET=paper)
# make verify      such a zip, checked and redrawn (ARCHIVE=file.zip, CELLS=2 retrains two)
# make compare     where two experiments differ (A=results/x B=results/y)
# make bench       training steps, probes and the pipeline itself, timed (half an hour)
# make lint        form of code and rules

PYTHON ?= python3
CORES ?= all
VENV := .venv
READY := $(VENV)/ready
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: reproduce test test-fast test-faults test-slurm archive verify compare plan bench lint environment
reproduce: $(READY)
	snakemake --cores $(CORES)

test: $(READY)
	python -m pytest

test-fast: $(READY)
	python -m pytest -m "not slow and not faults and not slurm"

test-faults: $(READY)
	python -m pytest -m faults

test-slurm: $(READY)
	python -m pytest -m slurm

# Always anew: the source may have changed where no result has.
archive: $(READY)
	snakemake archive --cores $(CORES) --forcerun archive $(PRESET:%=--configfile workflow/presets/%.yaml)

verify: $(READY)
	@test -n "$(ARCHIVE)" || { echo "make verify ARCHIVE=file.zip [CELLS=n]"; exit 1; }
	@PYTHONPATH=src python -m workflow.verify $(ARCHIVE) $(CELLS:%=--cells %)

compare: $(READY)
	@test -n "$(A)" -a -n "$(B)" || { echo "make compare A=results/x B=results/y"; exit 1; }
	@python src/compare.py $(A) $(B)

plan: $(READY)
	@PYTHONPATH=src python -m workflow.plan $(PRESET:%=--configfile workflow/presets/%.yaml)

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
