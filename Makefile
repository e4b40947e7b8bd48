# Two commands on a fresh machine: `make run` and `make test`. All targets share one .venv; a second call takes seconds.
PYTHON  ?= python3
VENV    ?= .venv
PY      := $(VENV)/bin/python
STAMP   := $(VENV)/.installed
PARTIAL := $(VENV)/.incomplete
PIP     := $(PY) -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help run test check property attack fuzz drill drill-restore drill-agreement bench mutation clean format

help:        ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# An environment whose installation was interrupted has $(PARTIAL), and is made again.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "credit_protection needs Python 3.11 or newer, and $(PYTHON) is older or missing." >&2; \
	  echo "Install it, or name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@if [ -e $(PARTIAL) ]; then rm -rf $(VENV); fi
	@if [ ! -x $(PY) ]; then mkdir -p $(VENV) && touch $(PARTIAL) && $(PYTHON) -m venv $(VENV); fi
	@echo "Installing into $(VENV) (the first time takes about a minute)..."
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@rm -f $(PARTIAL) && touch $@

run: $(STAMP)      ## install, then the whole story over real HTTP: credit-protection demo
	@$(VENV)/bin/credit-protection demo

test: $(STAMP)     ## all tests
	@$(PY) -m pytest -q -n 2 --dist loadgroup

check: $(STAMP)    ## ruff, codespell, mypy --strict, import contracts, docs tests
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/codespell
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(PY) -m pytest -q tests/docs tests/public

format: $(STAMP)   ## ruff's fixes and formatting
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

property: $(STAMP) ## the state machine with 20,000 examples, every other property with 1,000
	@HYPOTHESIS_PROFILE=thorough $(PY) -m pytest -q -n 2 tests/domain/lifecycle
	@HYPOTHESIS_PROFILE=deep $(PY) -m pytest -q -n 2 tests/domain --ignore tests/domain/lifecycle

attack: $(STAMP)   ## hostile bureau, files, clocks, permissions, hooks, modes, canary; counts by kind (10 minutes)
	@$(PY) -m tests.attacks

fuzz: $(STAMP)     ## every parser of outside data for its share of 10 minutes
	@$(PY) -m tests.fuzz --seconds 600

drill: $(STAMP)    ## kill workers, 250 times on SQLite and on PostgreSQL: nothing lost, nothing twice (10 minutes)
	@$(PY) -m tests.drill --database sqlite
	@$(PY) -m tests.drill --database postgresql
	@$(PY) -m tests.drill --database sqlite --duplicate-check-off --negativations 600 --kills 60
	@$(PY) -m pytest -q tests/processes

drill-restore: $(STAMP) ## put an old backup back while the bureau and the ERP went on (9 to 14 minutes)
	@$(PY) -m tests.restore_drill --database sqlite
	@$(PY) -m tests.restore_drill --database sqlite --undeclared --seed 2
	@$(PY) -m tests.restore_drill --database postgresql --debts 200 --seed 3

drill-agreement: $(STAMP) ## the ERP, this software and the bureau drift apart, 2,000 records (10 minutes)
	@$(PY) -m tests.agreement_drill --database sqlite
	@$(PY) -m tests.agreement_drill --database postgresql --seed 2

bench: $(STAMP)    ## every benchmark, ours beside a baseline; exits non-zero below a floor
	@$(PY) -m benchmarks

mutation: $(STAMP) ## a seeded sample of 400 mutants of domain/
	@$(PY) -m tests.mutation

clean:       ## remove the environment and every cache
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis mutants dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
