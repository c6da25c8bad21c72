# Ringdesk: `make demo` shows it, `make test` proves it.
PYTHON ?= python3
PORT ?= 8080
DEMO_DIR ?= .demo
WORKERS ?= 2
# The tests start some hundred processes of ours: without bytecode kept, each compiles the program anew, for a second.
export PYTHONDONTWRITEBYTECODE :=
VENV := .venv
BIN := $(VENV)/bin
NPM := npm install --no-package-lock --no-audit --no-fund --silent

.PHONY: setup setup-dev demo test check bench soak format constraints clean help
help:
	@echo "make demo    a call centre with practice callers on http://127.0.0.1:$(PORT)"
	@echo "make test    every test (as root on Debian it installs Asterisk, SIPp, Chromium and PostgreSQL)"
	@echo "make check   ruff, mypy, import-linter"
	@echo "make soak    faults and races for long: a million damaged frames, ten crashes, 10,000 races on each database"
	@echo "make bench   benchmarks with their peers, as ratios"

setup: $(VENV)/.ready screenpop/static/vendor/.ready
setup-dev: $(VENV)/.ready-dev screenpop/static/vendor/.ready

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Ringdesk needs Python 3.11 or newer: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "setting up: Python packages"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@echo "setting up: packages for development"
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

node_modules/.ready: package.json
	@echo "setting up: browser libraries"
	@$(NPM)
	@touch $@

screenpop/static/vendor/.ready: node_modules/.ready tools/build_static.mjs
	@node tools/build_static.mjs
	@touch $@

demo: setup
	@exec $(BIN)/ringdesk demo --port $(PORT) --dir $(DEMO_DIR)

# Several at a time, for most of them wait for a PBX or a browser; the tests of a file stay together and share what it set
# up. Files in the order of their folders, so that the short ones, the pure tests, come last: xdist would begin with the
# files of many tests, and at the end wait for one long test.
test: setup-dev
	tools/parts.sh all
	tools/test.sh $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: setup-dev
	tools/parts.sh all
	RINGDESK_SOAK=1 RINGDESK_SOAK_RACES=10000 RINGDESK_SOAK_GUESSES=10000 RINGDESK_SOAK_REQUESTS=100 $(BIN)/pytest -s tests/faults \
		tests/integration/test_ticket_races.py tests/integration/test_pins.py \
		tests/integration/test_pin_guessing.py tests/integration/test_any_request.py \
		tests/e2e/test_hang_up_everywhere.py tests/e2e/test_silent_caller.py tests/e2e/test_flow_numbers.py $(PYTEST_ARGS)

bench: setup-dev
	$(BIN)/python -m bench

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

constraints: setup-dev
	$(BIN)/pip freeze --exclude-editable --all | grep -v -E '^(pip|setuptools|wheel)==' | grep -v '@' > constraints.txt

clean:
	rm -rf $(VENV) node_modules screenpop/static/vendor .mypy_cache .ruff_cache .pytest_cache
