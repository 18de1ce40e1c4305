# Every target works from nothing but Python 3.11 or newer and make:
# the virtual environment is made when a target first needs it.

PYTHON ?= $(shell for each in python3.13 python3.12 python3.11 python3; do \
	$$each -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$each && break; done)
VENV ?= .venv
JOBS ?= 3
FUZZ_TIME ?= 60
FAULTS_TIME ?= 1
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet -c constraints.txt
PACKAGE := pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test faults fuzz labs check format bench bench-check docs verbs clean

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/.installed  ## run the demo shop; options: make demo ARGS="--for 15s -o json"
	@$(BIN)/svcctl demo $(ARGS)

test: $(VENV)/.installed-dev  ## run the tests; a part: make test ARGS="tests/unit/spec"
	@$(BIN)/python -m compileall -q src # else each of thousands of processes does it for itself
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

faults: $(VENV)/.installed-dev  ## torment an agent in full; again: FAULTS_SEED=7, less: FAULTS_TIME=0.1
	FAULTS_TIME=$(FAULTS_TIME) FAULTS_SEED=$(FAULTS_SEED) $(BIN)/python -m pytest \
	--timeout 14400 -o faulthandler_timeout=0 $(or $(ARGS),tests/faults)

fuzz: $(VENV)/.installed-dev  ## fuzz all that reads foreign bytes; longer: make fuzz FUZZ_TIME=600
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_TIME) $(ARGS)

labs: $(VENV)/.installed-dev  ## build the Windows (Wine) and the systemd host (root) of the tests
	PYTHON=$(BIN)/python tests/labs/windows-python.sh
	PYTHON=$(BIN)/python tests/labs/systemd-host.sh

check: $(VENV)/.installed-dev  ## run all that reads the code: format, lint, types, layers, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file tests/typing/windows.toml
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/vulture

format: $(VENV)/.installed-dev  ## put the code into the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev  ## measure beside peers; get them: ARGS=--install; ONLY=start PEERS=runit ROUNDS=3
	$(BIN)/python -m bench $(ARGS)

bench-check: $(VENV)/.installed-dev  ## fail if the hottest code became 25 % slower than at the last release
	$(BIN)/python -m bench.micro --check

docs: $(VENV)/.installed-dev  ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

verbs: $(VENV)/.installed-dev  ## write the .proto, the Python client and the reference from the verb table
	$(BIN)/python -m svcctl.server.grpc.proto_text
	$(BIN)/python tools/client_methods.py
	$(BIN)/python docs/generate.py

clean:  ## remove all that was made here, the virtual environment too
	rm -rf $(VENV) site dist build htmlcov mutants .coverage* .benchmarks .*_cache .fuzz .hypothesis
	rm -rf docs/reference
	find src tests docs examples bench -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
	echo "no Python 3.11 or newer that can make virtual environments was found" >&2; \
	echo "hint: apt install python3 python3-venv, or: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "making the virtual environment $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV) >&2

$(VENV)/.installed: $(PACKAGE) | $(BIN)/python
	@echo "installing svcctl into $(VENV)" >&2
	@$(PIP) -e . >&2
	@touch $@

$(VENV)/.installed-dev: $(PACKAGE) | $(BIN)/python
	@echo "installing svcctl and its tools into $(VENV)" >&2
	@$(PIP) -e '.[dev]' >&2
	@touch $@ $(VENV)/.installed
