# Two commands are enough on a fresh machine: `make demo` and `make test`. Each sets up what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: load load-upgrade setup demo test up bench bench-city lint lab lock pictures attack

setup: $(READY)

# The lock's own pip first: an older one takes a pin for nothing where another package asks for the pinned one's extras.
$(READY): requirements.lock pyproject.toml infra/bootstrap.sh documents/faces_build.py
	bash infra/bootstrap.sh
	$(PYTHON) -m venv $(VENV)
	sed -n '/^pip==/,/[^\\]$$/p' requirements.lock > $(VENV)/pip.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/pip.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m documents.faces_build $(if $(HUZHU_FACES),--office $(HUZHU_FACES))
	touch $(READY)

demo: $(READY)
	$(BIN)/huzhu demo

# Two at a time, each with a database server of its own; the tests of a file stay together, and files of few long tests do not come last.
test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# With an insurer named, the office's own data; without one, the last demonstration, where any desk may be tried.
up: $(READY)
	$(BIN)/huzhu up $(if $(HUZHU_INSURER_URL),,--demo)

# What the benches compare with is installed for them alone.
$(VENV)/.bench: $(READY) infra/bench/requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r infra/bench/requirements.lock
	touch $@

bench: $(VENV)/.bench
	$(BIN)/huzhu bench | tee infra/bench/results.txt

# A city's quarter at two sizes: half an hour and 20 GB of disk, on a machine that does nothing else.
bench-city: $(READY)
	$(BIN)/python -m infra.bench.city | tee infra/bench/city.txt

# Ten million records: half an hour and 14 GB of disk, freed at the end.
bench-audit: $(READY)
	$(BIN)/python -m infra.bench.audit | tee infra/bench/audit.txt

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy flows statemachines services documents infra tests/conftest.py
	$(BIN)/lint-imports
	$(BIN)/python infra/lint/house.py
	$(BIN)/python infra/lint/migrations.py
	$(BIN)/python infra/lint/words.py

# Fifty clerks and five hundred members in an open loop, up to the knee and beyond: five minutes on a machine that does nothing else.
load: $(READY)
	$(BIN)/python -m infra.load | tee infra/load/load.txt

# The newest release under load becomes this one: two minutes.
load-upgrade: $(READY)
	$(BIN)/python -m infra.load.upgrade | tee infra/load/upgrade.txt

# The README's pictures, and every page at three widths in a folder for looking.
pictures: $(READY)
	$(BIN)/python -m infra.pictures

# The longer proofs; their results are committed under infra/lab/. Two hours and a half on a machine that does nothing else.
lab: $(READY)
	$(BIN)/python -m infra.lab.crash
	$(BIN)/python -m infra.lab.faults
	HYPOTHESIS_PROFILE=new $(BIN)/python -m pytest -m slow -n 2 --dist loadfile -v --no-header | grep -v "^$$" | tee infra/lab/results.txt

# What attackers try, tried here first: a quarter of an hour. Without a way to an advisory service: ATTACK="--offline".
attack: $(READY)
	$(BIN)/python -m infra.attack $(ATTACK)

# The locks name no package index. Needs uv.
COMPILE := uv pip compile --quiet --universal --no-emit-index-url --no-header --no-annotate --generate-hashes \
  --python-version 3.11
lock:
	$(COMPILE) --extra ocr --group dev pyproject.toml --output-file requirements.lock
	$(COMPILE) --group bench --constraint requirements.lock --output-file infra/bench/requirements.lock
