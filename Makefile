# One command each, from a clean clone, on a machine with Python 3.11 or newer, make and git; nothing else is asked for.
# The environment is .venv. A stamp in it says that it was made for this pyproject.toml and this constraints.txt.

# Python 3.11 if it is there and runs, else python3. Name another with `make demo PYTHON=python3.12`.
ifndef PYTHON
PYTHON := $(shell python3.11 --version >/dev/null 2>&1 && echo python3.11 || echo python3)
endif
STUDY ?= studies/un-debates/study.toml

VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# Run as root in a container, pip warns about something that a virtual environment has already solved.
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check format docs package lock clean python

help:  ## say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.stamp-runtime  ## set up, run the shipped study from documents to report, say where the report is
	@$(BIN)/headwinds run $(STUDY)
	@report=$$(find runs $(dir $(STUDY)) -name report.html -exec ls -t {} + 2>/dev/null | head -n 1); \
	if [ -n "$$report" ]; then echo "Open $(CURDIR)/$$report"; \
	else echo "The run ended, yet no report.html was found under runs/ or $(dir $(STUDY))" >&2; exit 1; fi

# One process a core, as two programs of several threads each slow one another down; each module is compiled once.
PYTEST := PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8

test: $(VENV)/.stamp-dev  ## set up, run every test but those of the pages (make docs)
	@$(PYTEST) --dist loadfile --no-loadscope-reorder --ignore tests/docs

check: $(VENV)/.stamp-dev  ## set up, check style, format, types, the order of the layers, the changelog
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache
	@grep -q '^## \[Unreleased\]' CHANGELOG.md || \
	{ echo "CHANGELOG.md has no '## [Unreleased]' section; add one." >&2; exit 1; }

format: $(VENV)/.stamp-dev  ## set up, put the code into the house's format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

docs: $(VENV)/.stamp-dev  ## set up, run every block, command and notebook of the pages, build the site into site/ (a warning is an error)
	@$(PYTEST) --dist worksteal tests/docs
	@$(BIN)/python -m scripts.docs_site site

package: $(VENV)/.stamp-dev  ## set up, build sdist and wheel, install the wheel into an empty environment, try it from an empty folder
	@$(BIN)/python scripts/check_package.py

lock: python  ## write constraints.txt anew from the newest versions that pyproject.toml allows
	@$(PYTHON) scripts/lock.py constraints.txt

clean:  ## remove the environment and the caches; runs/ is kept
	@rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	{ echo "Headwinds needs Python 3.11 or newer, and '$(PYTHON)' is not that; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }

$(BIN)/python: | python
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV) || \
	{ echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu it needs the package python3-venv." >&2; exit 1; }

$(VENV)/.stamp-runtime: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Headwinds and what it runs on (once; PyTorch is large)"
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.stamp-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Headwinds, what it runs on and what tests it (once; PyTorch is large)"
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.stamp-runtime $@
