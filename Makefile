# make run: install, load the released model, annotate seeds/.  make test: install, check, test.
# make test-trf: also install torch, and run the tests that need it.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-trf lint install install-dev clean

run: install
	$(BIN)/zhinvest annotate seeds/*.txt

test: install-dev lint
	$(BIN)/python -m pytest

test-trf: install-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[trf]'
	$(BIN)/python -m pytest tests/zhinvest/test_encoder.py tests/zhinvest/test_pieces.py tests/training/test_base_encoder.py tests/training/test_distil.py tests/training/test_configs.py

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m training.configs --check
	$(BIN)/python -m training.lint corpus/articles.jsonl
	$(BIN)/python -m training.readme --check
	$(BIN)/python -m training.card --check

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python requirements/run.txt pyproject.toml $(wildcard models/*/*.whl)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall models/zh_ent_invest_sm/*.whl
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
