# The list of commands. `make` or `make help` shows it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := .venv/bin

.PHONY: help
help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

# Two environments, because SAM CLI and MiniStack pin different versions of botocore.
.venv/.done: requirements/project.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements/project.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.venv-emulator/.done: requirements/emulator.txt .venv/.done
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-emulator
	@$(BIN)/uv pip install --quiet --python .venv-emulator/bin/python -r requirements/emulator.txt
	@touch $@

.PHONY: install
install: .venv/.done .venv-emulator/.done  ## make the two environments
