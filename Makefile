# make environment   install PyTorch and all packages, 6 GB (TORCH=cpu: without CUDA, 1.4 GB)
# make reproduce     install, then run the default experiment: every table and figure
# make demo          install, then run every stage on a few short runs (one minute)
# make test          install, then run the tests (six to eleven minutes)
# make test-slow     further tests: whole pipelines, kills, a full disk, Slurm, a browser
# make plan          estimate jobs, core-hours and disk space of an experiment (PRESET=paper)
# make archive       pack an experiment into one zip file (PRESET=paper)
# make verify        check and rebuild such a zip file (ARCHIVE=file.zip; CELLS=2 retrains two runs)
# make compare       show where two experiments differ (A=results/x B=results/y)
# make replication   draw the primary claims of several experiments (RESULTS="results/x results/y",
#                    with quotes around a folder that holds spaces)
# make pool          judge the claims over the runs of several experiments with the same settings,
#                    such as other seeds or servers (RESULTS as above)
# make bench         time training steps, measurements and the pipeline itself (40 minutes)
# make schema        write the config's JSON schema for editors, from the components' declarations
# make lint          check the form of code and rules

PYTHON ?= python3
CORES ?= all
# Recipes read variables from the environment, because values may hold spaces, quotes and $.
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

.PHONY: reproduce demo test test-unit test-slow archive verify compare replication pool plan bench schema lint environment preset
reproduce: $(READY)
	snakemake --cores "$$CORES"

demo: $(READY)
	@echo "Demo: every stage of the pipeline on a few short runs. They are too short for conclusions."
	snakemake --cores "$$CORES" --configfile workflow/presets/demo.yaml
	@echo "Next: make reproduce runs the default experiment (23 minutes on two cores)."
	@echo "docs/experiments.md explains CIFAR-10 and experiments of your own."

test: $(READY)
	python -m pytest --numprocesses 2 --dist worksteal

test-unit: $(READY)
	python -m pytest --numprocesses 2 --dist worksteal tests/unit src tools

# A process for each file, because there is one browser and one Slurm; more processes than cores,
# because tests of Slurm wait.
test-slow: $(READY)
	python -m pytest --numprocesses 3 --dist loadfile -m slow

# Always rerun, because the source may have changed even if no result did.
archive: preset $(READY)
	snakemake archive --cores "$$CORES" --forcerun archive $(OF_PRESET)

verify: $(READY)
	@test -n "$$ARCHIVE" || { echo "ARCHIVE: expected a zip file, got nothing; run make verify ARCHIVE=file.zip [CELLS=n]"; exit 1; }
	@$(TOOL).verify "$$ARCHIVE" $${CELLS:+--cells "$$CELLS"}

compare: $(READY)
	@test -n "$$A" && test -n "$$B" || { echo "A, B: expected two folders, got '$$A' and '$$B'; run make compare A=results/x B=results/y"; exit 1; }
	@$(TOOL).compare "$$A" "$$B"

replication: $(READY)
	@test -n "$$RESULTS" || { echo 'RESULTS: expected folders, got nothing; run make replication RESULTS="results/x results/y"'; exit 1; }
	@printf '%s\n' "$$RESULTS" | \
	  xargs env $(TOOL).replication --output results/replication_matrix.png

pool: $(READY)
	@test -n "$$RESULTS" || { echo 'RESULTS: expected folders, got nothing; run make pool RESULTS="results/x results/y"'; exit 1; }
	@printf '%s\n' "$$RESULTS" | xargs env $(TOOL).pool --output results/pooled

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
	@$(TOOL).schema | cmp - $(SCHEMA) || { echo "$(SCHEMA): expected what components declare; run make schema"; exit 1; }

environment: $(READY)

# The stamp is written last, so that an interrupted installation continues. Packages are compiled
# when they are imported; compiling all of them would take 25% of the installation's time.
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
