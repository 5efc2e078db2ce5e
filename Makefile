PYTHON ?= python3
BIN = .venv/bin
# What makes an environment that of PYTHON in this directory.
SUPPORTED = import sys; sys.exit(None if (3, 10) <= sys.version_info < (3, 14) else "Python must be \
3.10 to 3.13, not %d.%d; to name one: make PYTHON=python3.12 train" % sys.version_info[:2])
IDENTITY = import os, sys; print(sys.version, sys.base_prefix, os.getcwd())
SEED := $(or $(SEED),$(shell date +%s))

train: .venv/run
	$(BIN)/python -m gru_addition.train

test: .venv/all
	$(BIN)/python -m pytest

quick: .venv/all
	$(BIN)/python -m pytest -m quick

# The seed is printed; make SEED=... torture draws the same again.
torture: .venv/all
	$(BIN)/python -m pytest -m torture --hypothesis-seed=$(SEED)

lint: .venv/all
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	$(BIN)/python -m mypy

notebook: .venv/all
	$(BIN)/python -m jupyterlab --ServerApp.root_dir=. notebooks/01_walkthrough.ipynb

notebooks: .venv/all
	$(BIN)/python notebooks/execute.py

# What checks the page's scripts, and draws its plots, comes from npm.
gru_addition/show/node_modules: gru_addition/show/package.json
	cd gru_addition/show && npm install --silent
	@touch $@

page: .venv/all gru_addition/show/node_modules
	$(BIN)/python examples/page.py

page-lint: gru_addition/show/node_modules
	cd gru_addition/show && npm run --silent check

browser: .venv/all gru_addition/show/node_modules
	$(BIN)/python -m pip install --quiet --editable ".[browser]"
	$(BIN)/python -m pytest -m browser

animation: .venv/all
	$(BIN)/python -m pip install --quiet --editable ".[browser]"
	$(BIN)/python examples/animation.py

benchmark: benchmarks/.venv/all
	benchmarks/.venv/bin/python benchmarks/run.py

# What training needs, and then the rest: the proofs, the notebooks and the tests.
.venv/run: .venv/made requirements.txt pyproject.toml
	@echo "Installing what training needs into .venv, which takes a minute or two"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/all: .venv/run
	@echo "Installing what the tests and the notebooks need"
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@touch $@

benchmarks/.venv/all: benchmarks/.venv/made requirements.txt pyproject.toml benchmarks/requirements.txt
	@echo "Installing what the benchmark needs, which takes some minutes"
	benchmarks/.venv/bin/python -m pip install --quiet --editable . --requirement benchmarks/requirements.txt
	@touch $@

# Made anew if it is for another Python, was moved, or has no pip.
%/made: FORCE
	@"$(PYTHON)" -c '$(SUPPORTED)'
	@wanted=$$("$(PYTHON)" -c '$(IDENTITY)'); \
	found=$$($(@D)/bin/python -c 'import pip; $(IDENTITY)' 2>/dev/null); \
	if [ "$$found" != "$$wanted" ] || [ "$$(cat $@ 2>/dev/null || echo "$$wanted")" != "$$wanted" ]; then \
		echo "Making $(@D) for Python $${wanted%% *}"; \
		"$(PYTHON)" -m venv --clear $(@D) || exit; \
	fi; \
	[ -e $@ ] || echo "$$wanted" > $@

FORCE:

.PHONY: train test quick torture lint notebook notebooks page page-lint browser animation benchmark
.PHONY: FORCE
