# The list of commands. `make` or `make help` shows it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
UV_VERSION := 0.13.8
BIN := .venv/bin

.PHONY: help
help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

# Two environments, because SAM CLI and MiniStack pin different versions of botocore.
.venv/.done: requirements/project.txt pyproject.toml
	@echo 'installing into .venv and .venv-emulator (1.3 GB)' >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements/project.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.venv-emulator/.done: requirements/emulator.txt requirements/emulator-tools.txt .venv/.done
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-emulator
	@$(BIN)/uv pip install --quiet --python .venv-emulator/bin/python -r requirements/emulator.txt
	@$(BIN)/uv pip install --quiet --python .venv-emulator/bin/python --no-deps --target .venv-emulator/tools \
	  -r requirements/emulator-tools.txt
	@touch $@

.PHONY: install
install: .venv/.done .venv-emulator/.done  ## make the two environments

.PHONY: demo
demo: install  ## the whole pipeline on this machine, reconciled (ORDERS=20000, REPLAY=file.csv.gz)
	@$(BIN)/salescast demo $(if $(ORDERS),--orders $(ORDERS)) $(if $(REPLAY),--replay $(REPLAY))

.PHONY: dashboard
dashboard: install  ## the web dashboard of the stack that make demo left, until Ctrl-C
	@$(BIN)/salescast dashboard

.PHONY: down
down: install  ## stop what `make demo` left running
	@$(BIN)/salescast down

.PHONY: test
test: install  ## every test that needs no Docker, two at a time (T=folder)
	@$(BIN)/python -m pytest $(if $(T),$(T),-n 2 --dist loadscope --no-loadscope-reorder tests)

.PHONY: test-sam-local
test-sam-local: install  ## every event through `sam local invoke`; needs a Docker engine
	@SALESCAST_SAM_LOCAL=1 $(BIN)/python -m pytest -v tests/sam_local

.PHONY: fuzz
fuzz: install  ## 100,000 damaged changes through the transformer (SALESCAST_SEED repeats a run)
	@SALESCAST_FUZZ=$${SALESCAST_FUZZ:-100000} $(BIN)/python -m pytest tests/unit/transformer/test_properties.py

.PHONY: chaos
chaos: install  ## seeded kills of every process but the emulator (SEEDS=100; SEED=7 replays one)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),100))

.PHONY: mutation
mutation: install  ## break things on purpose, one at a time: a test must notice each (T=word)
	@$(BIN)/python tests/mutation/run.py $(T)

.PHONY: test-trino
test-trino: install  ## views and named queries on Trino, Athena's engine (TRINO_URL, or fetches 860 MB once)
	@$(if $(TRINO_URL),,tests/trino/fetch.sh .trino)
	@SALESCAST_TRINO=$(CURDIR)/.trino $(BIN)/python -m pytest tests/trino

.PHONY: check
check: install  ## ruff, mypy --strict, sam validate --lint
	@$(BIN)/ruff format --check --quiet src salescast tests tools events || { echo 'run make format'; exit 1; }
	@$(BIN)/ruff check --quiet src salescast tests tools events
	@$(BIN)/mypy src salescast tests tools events
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(BIN)/sam validate --lint

.PHONY: format
format: install  ## let ruff lay out the code
	@$(BIN)/ruff format src salescast tests tools events
	@$(BIN)/ruff check --fix src salescast tests tools events

.PHONY: bench
bench: install  ## the transformer's speed against its baselines
	@PYTHONPATH=src/transformer $(BIN)/python tests/bench/bench_transformer.py

.PHONY: backtest
backtest: install  ## the projection's accuracy at rolling origins (RETAIL=file.csv.gz, SERIES=folder)
	@PYTHONPATH=.:src/projector:src/generator $(BIN)/python tests/bench/backtest.py \
	  $(if $(RETAIL),--retail $(RETAIL)) $(if $(SERIES),--series $(SERIES))

.PHONY: backtest-simulated
backtest-simulated: install  ## the same on simulated families, by length (SEED=900, FAMILY=shops, RETAIL=file.csv.gz)
	@PYTHONPATH=.:src/projector:src/generator $(BIN)/python tests/bench/backtest_simulated.py \
	  $(if $(SEED),--seed $(SEED)) $(if $(FAMILY),--family $(FAMILY)) $(if $(RETAIL),--retail $(RETAIL))

.PHONY: bench-queries
bench-queries: install  ## the named queries over 1,000,000 changes on the laptop's Athena
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_queries.py

.PHONY: bench-dashboard
bench-dashboard: install  ## the dashboard of the stack that make demo left while 50 orders/s are written
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_dashboard.py

.PHONY: screenshots
screenshots: install  ## pictures of the dashboard of the stack that make demo left, into docs/images/
	@PYTHONPATH=. $(BIN)/python tools/screenshots.py

.PHONY: docs-queries
docs-queries: install  ## write docs/queries.md from the stack that make demo left
	@$(BIN)/python -m tools.queries_page

.PHONY: deploy
deploy: install  ## sam build and sam deploy --guided, to AWS
	@$(BIN)/sam build
	@$(BIN)/sam deploy --guided

.PHONY: requirements
requirements: install  ## resolve the pinned requirements anew
	@requirements/compile.sh

.PHONY: clean
clean:  ## remove the environments, builds and caches (make down first)
	@rm -rf .venv .venv-emulator .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
