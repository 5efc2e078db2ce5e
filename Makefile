PYTHON ?= python3
BIN = .venv/bin
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
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

notebook: .venv/all
	$(BIN)/jupyter lab --ServerApp.root_dir=$(CURDIR) notebooks/01_walkthrough.ipynb

notebooks: .venv/all
	$(BIN)/python notebooks/execute.py

page: .venv/all
	$(BIN)/python examples/page.py

browser: .venv/all
	$(BIN)/python -m pip install --quiet --editable ".[browser]"
	$(BIN)/python -m pytest -m browser

benchmark: benchmarks/.venv/ready
	benchmarks/.venv/bin/python benchmarks/run.py

benchmarks/.venv/ready: requirements.txt pyproject.toml benchmarks/requirements.txt
	$(PYTHON) -m venv benchmarks/.venv
	benchmarks/.venv/bin/python -m pip install --quiet --editable . --requirement benchmarks/requirements.txt
	touch $@

# What training needs, and then the rest: the proofs, the notebooks and the tests.
.venv/run: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/all: .venv/run
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@

.PHONY: train test quick torture lint notebook notebooks page browser benchmark
