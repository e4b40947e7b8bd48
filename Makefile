# Two commands on a fresh machine: `make run` and `make test`. Everything shares one .venv; a second call takes seconds.
VENV    ?= .venv
PY      := $(VENV)/bin/python
STAMP   := $(VENV)/.installed
PIP     := $(PY) -m pip --disable-pip-version-check -q

.DEFAULT_GOAL := help
.PHONY: help run test check property drill bench mutation clean format

help:        ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(PY) || python3 -m venv $(VENV)
	@echo "Installing into $(VENV) (the first time takes about a minute)..."
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@

run: $(STAMP)      ## install, then the whole story over real HTTP: credit-protection demo
	@$(VENV)/bin/credit-protection demo

test: $(STAMP)     ## all tests
	@$(PY) -m pytest -q -n 2 --dist loadgroup

check: $(STAMP)    ## ruff, mypy --strict, import contracts, docs tests
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports
	@$(PY) -m pytest -q tests/docs

format: $(STAMP)   ## ruff's fixes and formatting
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

property: $(STAMP) ## the state machine with 20,000 examples, every other property with 1,000
	@HYPOTHESIS_PROFILE=thorough $(PY) -m pytest -q -n 2 tests/domain/lifecycle
	@HYPOTHESIS_PROFILE=deep $(PY) -m pytest -q -n 2 tests/domain --ignore tests/domain/lifecycle

drill: $(STAMP)    ## kill workers, 250 times on SQLite and on PostgreSQL: nothing lost, nothing twice (10 minutes)
	@$(PY) -m tests.drill --database sqlite
	@$(PY) -m tests.drill --database postgresql
	@$(PY) -m tests.drill --database sqlite --duplicate-check-off --negativations 600 --kills 60
	@$(PY) -m pytest -q tests/processes

bench: $(STAMP)    ## every benchmark, ours beside a baseline; exits non-zero below a floor
	@$(PY) -m benchmarks

mutation: $(STAMP) ## a seeded sample of 400 mutants of domain/
	@$(PY) -m tests.mutation

clean:       ## remove the environment and every cache
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis mutants dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
