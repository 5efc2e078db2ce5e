PYTHON ?= python3
BIN = .venv/bin

train: .venv/ready
	$(BIN)/python -m gru_addition.train

test: .venv/ready
	$(BIN)/python -m pytest

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check

notebook: .venv/ready
	$(BIN)/jupyter lab notebooks

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

.PHONY: train test lint notebook
