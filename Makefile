# make environment   PyTorch and all else, 6 GB; TORCH=cpu: without CUDA, 1.4 GB
# make reproduce     the environment, then every table and figure
# make demo          the environment, then every stage on a few short runs; a minute
# make test          the environment, then the tests; five minutes
# make test-slow     further tests: whole pipelines, kills, a full disk, Slurm, a browser
# make plan          what an experiment takes: jobs, core-hours, disk (PRESET=paper)
# make archive       an experiment as one zip (PRESET=paper)
# make verify        such a zip, checked and rebuilt (ARCHIVE=file.zip, CELLS=2 retrains two)
# make compare       where two experiments differ (A=results/x B=results/y)
# make replication   the primary claims in several experiments (RESULTS="results/x results/y",
#                    with quotes around a folder that holds spaces)
# make bench         training steps, probes and the pipeline itself, timed (two hours)
# make schema        the config's JSON schema for editors, from what components declare
# make lint          form of code and rules

PYTHON ?= python3
CORES ?= all
# Recipes read variables from the environment, as they were given: values may hold spaces,
# quotes and $.
GIVEN := PYTHON CORES TORCH PRESET ARCHIVE CELLS A B RESULTS
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))
export $(GIVEN)
# Where it is set, as in some containers, each process would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
READY := $(VENV)/ready
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
TOOL := PYTHONPATH=src python -m tools
SCHEMA := workflow/schemas/config.schema.json
PRESETS := $(basename $(notdir $(wildcard workflow/presets/*.yaml)))
OF_PRESET := $${PRESET:+--configfile "workflow/presets/$$PRESET.yaml"}

.PHONY: reproduce demo test test-unit test-slow archive verify compare replication plan bench schema lint environment preset
reproduce: $(READY)
	snakemake --cores "$$CORES"

demo: $(READY)
	@echo "A few short runs, from data to a page: what normscape does, not what it finds."
	snakemake --cores "$$CORES" --configfile workflow/presets/demo.yaml
	@echo "Next: make reproduce, the default experiment (a quarter of an hour on two cores);"
	@echo "docs/experiments.md for CIFAR-10 and experiments of your own."

test: $(READY)
	python -m pytest --numprocesses 2 --dist worksteal

test-unit: $(READY)
	python -m pytest --numprocesses 2 --dist worksteal tests/unit src tools

# More processes than cores, because tests of Slurm wait.
test-slow: $(READY)
	python -m pytest --numprocesses 3 --dist loadgroup -m slow

# Always anew: the source may have changed where no result has.
archive: preset $(READY)
	snakemake archive --cores "$$CORES" --forcerun archive $(OF_PRESET)

verify: $(READY)
	@test -n "$$ARCHIVE" || { echo "make verify ARCHIVE=file.zip [CELLS=n]"; exit 1; }
	@$(TOOL).verify "$$ARCHIVE" $${CELLS:+--cells "$$CELLS"}

compare: $(READY)
	@test -n "$$A" && test -n "$$B" || { echo "make compare A=results/x B=results/y"; exit 1; }
	@$(TOOL).compare "$$A" "$$B"

replication: $(READY)
	@test -n "$$RESULTS" || { echo 'make replication RESULTS="results/x results/y"'; exit 1; }
	@printf '%s\n' "$$RESULTS" | \
	  xargs env $(TOOL).replication --output results/replication_matrix.png

plan: preset $(READY)
	@PYTHONPATH=src python -m benchmarks.plan $(OF_PRESET)

preset:
	@test -z "$$PRESET" || test -f "workflow/presets/$$PRESET.yaml" || \
	  { echo "PRESET: expected one of $(PRESETS), got '$$PRESET'"; exit 1; }

bench: $(READY)
	PYTHONPATH=src python -m benchmarks

schema: $(READY)
	$(TOOL).schema > $(SCHEMA)

lint: $(READY)
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint
	@$(TOOL).schema | cmp - $(SCHEMA) || { echo "$(SCHEMA) is not what components declare: make schema"; exit 1; }

environment: $(READY)

# The stamp comes last, so that an interrupted installation is taken up again. What is imported
# compiles itself; compiling all of it would take a quarter of the installation's time.
$(READY): envs/requirements.txt
	@command -v "$$PYTHON" >/dev/null || \
	  { echo "normscape needs Python 3.11 or newer; '$$PYTHON' was not found (make PYTHON=...)"; exit 1; }
	@"$$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "normscape needs Python 3.11 or newer; '$$PYTHON' is $$("$$PYTHON" -V 2>&1) (make PYTHON=...)"; exit 1; }
	@"$$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "normscape needs Python's venv module; '$$PYTHON' has none (on Debian: apt install python3-venv)"; exit 1; }
	"$$PYTHON" -m venv $(VENV)
	$(VENV)/bin/python envs/install.py $${TORCH:+"$$TORCH"}
	@touch $@
