# The list of commands. `make` or `make help` shows it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# Where no home can be written to, downloads are not kept for the next time.
ifneq ($(shell mkdir -p "$${XDG_CACHE_HOME:-$$HOME/.cache}" 2>/dev/null || echo none),)
export UV_NO_CACHE := 1
endif

.PHONY: help
help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

# Two environments, because SAM CLI and MiniStack pin different versions of botocore. The project's is filled as far as a
# target needs it: `make demo` leaves out the dashboard's libraries and the tools of tests and checks.
install = $(BIN)/uv pip install --quiet --python $(BIN)/python

.venv/.command: requirements/uv.txt requirements/command.txt pyproject.toml
	@echo 'installing into .venv and .venv-emulator (0.6 GB)' >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/uv.txt
	@$(install) -r requirements/command.txt
	@$(install) --no-deps --editable .
	@touch $@

.venv/.dashboard: requirements/dashboard.txt .venv/.command
	@$(install) -r requirements/dashboard.txt
	@touch $@

.venv/.project: requirements/project.txt .venv/.command
	@$(install) -r requirements/project.txt
	@touch $@

.venv-emulator/.done: requirements/emulator.txt requirements/emulator-tools.txt .venv/.command
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-emulator
	@$(BIN)/uv pip install --quiet --python .venv-emulator/bin/python -r requirements/emulator.txt
	@$(BIN)/uv pip install --quiet --python .venv-emulator/bin/python --no-deps --target .venv-emulator/tools \
	  -r requirements/emulator-tools.txt
	@touch $@

.PHONY: install
install: .venv/.command .venv-emulator/.done  ## make the two environments, as far as the command and the laptop stack need

.PHONY: install-dashboard
install-dashboard: install .venv/.dashboard  ## and what the web dashboard and plots need

.PHONY: develop
develop: install .venv/.project  ## and what tests, checks and benchmarks need

.PHONY: demo
demo: install  ## the whole pipeline on this machine, reconciled (ORDERS=20000, REPLAY=file.csv.gz, TRICKLE=0, YES=1)
	@$(BIN)/salescast demo $(if $(ORDERS),--orders $(ORDERS)) $(if $(REPLAY),--replay '$(REPLAY)') \
	  $(if $(filter 0,$(TRICKLE)),--no-trickle) $(if $(YES),--yes)

.PHONY: dashboard
dashboard: install-dashboard  ## the web dashboard of the stack that make demo left, until Ctrl-C (PORT=8600)
	@$(BIN)/salescast dashboard $(if $(PORT),--port $(PORT))

.PHONY: down
down: install  ## stop what `make demo` left running
	@$(BIN)/salescast down

.PHONY: test
test: develop  ## every test that needs no Docker, two at a time (T=folder; COVERAGE=1: what they cover, which may not fall)
	@$(BIN)/python -m pytest $(if $(T),$(T),-n 2 --dist loadscope --no-loadscope-reorder $(if $(COVERAGE),--cov) tests)

.PHONY: test-sam-local
test-sam-local: develop  ## every event through `sam local invoke`; needs a Docker engine
	@SALESCAST_SAM_LOCAL=1 $(BIN)/python -m pytest -v tests/sam_local

.PHONY: fuzz
fuzz: develop  ## 100,000 hostile inputs: changes, objects, messages, rows, checkpoints, command lines (SALESCAST_SEED repeats)
	@SALESCAST_FUZZ=$${SALESCAST_FUZZ:-100000} $(BIN)/python -m pytest \
	  tests/fuzz tests/unit/transformer/test_properties.py tests/unit/replay/test_damaged_files.py

.PHONY: chaos
chaos: develop  ## seeded plans of faults at every hop (SEEDS=100, FIRST=1; SEED=7 FAULTS=2,5 replays one)
	@$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED) $(if $(FAULTS),--faults $(FAULTS)), \
	  --seeds $(or $(SEEDS),100) --first $(or $(FIRST),1))

.PHONY: proof
proof: develop  ## 200 seeded changes taken from the lake, 20 at a time: reconcile names each (ROUNDS=10)
	@SALESCAST_ROUNDS=$(or $(ROUNDS),10) $(BIN)/python -m pytest tests/local/pipeline/test_proof.py

.PHONY: mutation
mutation: develop  ## break things on purpose, one at a time: a test must notice each (T=word)
	@$(BIN)/python tests/mutation/run.py $(T)

.PHONY: test-dates
test-dates: develop  ## every named query on days that are awkward: ends of months, clocks changed, leap days
	@SALESCAST_DATES=1 $(BIN)/python -m pytest tests/dates

.PHONY: glue
glue: install  ## Spark of Glue's version into .venv-glue, once (0.9 GB, from PyPI and Maven Central)
	@jobs/fetch.sh

.PHONY: test-glue
test-glue: develop glue  ## the lake's job on Spark, and on a stack under its role
	@.venv-glue/bin/python -m pytest -c tests/glue/pytest.ini --confcutdir tests/glue tests/glue
	@SALESCAST_GLUE=1 $(BIN)/python -m pytest tests/local/movers/test_job.py

.PHONY: test-trino
test-trino: develop glue  ## views and named queries on Trino, Athena's engine before and after the job (TRINO_URL, or fetches 860 MB once)
	@$(if $(TRINO_URL),,tests/trino/fetch.sh .trino)
	@SALESCAST_TRINO=$(CURDIR)/.trino $(BIN)/python -m pytest tests/trino

.venv-clients/.done: requirements/clients.txt .venv/.command
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-clients
	@$(BIN)/uv pip sync --quiet --python .venv-clients/bin/python requirements/clients.txt
	@touch $@

.PHONY: test-clients
test-clients: install .venv-clients/.done  ## PyAthena, awswrangler, dbt, DuckDB and others ask a stack; the snippets of docs/clients.md
	@.venv-clients/bin/python -m pytest -c tests/clients/pytest.ini --confcutdir tests/clients tests/clients

# What looks like a secret and is none: made-up values of tests, and the names of variables.
NO_SECRETS := '(?i)^(real|test|salescast_(test_)?secret|ada\.secret@example\.com|942b19892dc5a87a|0c41abffa91b65e8141ed131f6c5685b)$$'

.PHONY: check
check: develop  ## ruff, mypy --strict, import-linter, sam validate --lint, no secret in what is committed
	@$(BIN)/ruff format --check --quiet src jobs salescast tests tools events || { echo 'run make format'; exit 1; }
	@$(BIN)/ruff check --quiet src jobs salescast tests tools events
	@$(BIN)/mypy src jobs salescast tests tools events
	@$(BIN)/lint-imports
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(BIN)/sam validate --lint
	@git ls-files -z -- ':!*.png' ':!*.svg' ':!*requirements*.txt' ':!events/*.json' ':!requirements' | \
	  xargs -0 $(BIN)/detect-secrets-hook --exclude-secrets $(NO_SECRETS)

.PHONY: audit
audit: develop  ## checkov, bandit and parliament, pinned, against docs/findings.md; from the package registry, minutes
	@$(BIN)/python -m tests.audit

.PHONY: format
format: develop  ## let ruff lay out the code
	@$(BIN)/ruff format src jobs salescast tests tools events
	@$(BIN)/ruff check --fix src jobs salescast tests tools events

.PHONY: bench
bench: develop  ## the transformer's speed against its baselines
	@PYTHONPATH=src/transformer $(BIN)/python tests/bench/bench_transformer.py

.PHONY: bench-lake
bench-lake: develop glue  ## a month in the lake, before and after the job, beside the former layout (SALESCAST_CHANGES)
	@PYTHONPATH=.:src/generator $(BIN)/python -m tests.bench.bench_lake

.PHONY: backtest
backtest: develop  ## the projection's accuracy at rolling origins (RETAIL=file.csv.gz, SERIES=folder, MOST=6)
	@PYTHONPATH=.:src/projector:src/generator $(BIN)/python tests/bench/backtest.py \
	  $(if $(RETAIL),--retail $(RETAIL)) $(if $(SERIES),--series $(SERIES)) $(if $(BEFORE),--before $(BEFORE)) \
	  $(if $(MOST),--most $(MOST)) $(if $(ORIGINS),--origins $(ORIGINS))

.PHONY: backtest-simulated
backtest-simulated: develop  ## the same on simulated families, by length (SEED=900, FAMILY=shops, RETAIL=file.csv.gz)
	@PYTHONPATH=.:src/projector:src/generator $(BIN)/python tests/bench/backtest_simulated.py \
	  $(if $(SEED),--seed $(SEED)) $(if $(FAMILY),--family $(FAMILY)) $(if $(RETAIL),--retail $(RETAIL)) \
	  $(if $(BEFORE),--before $(BEFORE))

.PHONY: backtest-hierarchy
backtest-hierarchy: develop  ## ways to make parts add up to their total (RETAIL=file.csv.gz, SERIES=folder)
	@PYTHONPATH=.:src/projector:src/generator $(BIN)/python tests/bench/backtest_hierarchy.py \
	  $(if $(RETAIL),--retail $(RETAIL)) $(if $(SERIES),--series $(SERIES))

.PHONY: bench-queries
bench-queries: develop  ## the named queries over 1,000,000 changes on the laptop's Athena
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_queries.py

.PHONY: bench-dashboard
bench-dashboard: develop  ## the dashboard of the stack that make demo left while 50 orders/s are written
	@PYTHONPATH=. $(BIN)/python tests/bench/bench_dashboard.py

.PHONY: screenshots
screenshots: develop  ## pictures of the dashboard of the stack that make demo left, into docs/images/
	@PYTHONPATH=. $(BIN)/python tools/screenshots.py

.PHONY: render
render: develop  ## write the views and named queries of analytics/ into template.yaml
	@$(BIN)/python -m tools.render

.PHONY: docs-queries
docs-queries: develop  ## write docs/queries.md from the stack that make demo left
	@$(BIN)/python -m tools.queries_page

.PHONY: docs-costs
docs-costs: develop  ## write docs/costs.md and docs/scale.md from the price table and the model
	@$(BIN)/python -m tools.costs_page

.PHONY: deploy
deploy: install  ## sam build and sam deploy --guided, to AWS
	@PYTHON='$(CURDIR)/$(BIN)/python' $(BIN)/sam build
	@$(BIN)/sam deploy --guided

.PHONY: requirements
requirements: develop  ## resolve the pinned requirements anew
	@requirements/compile.sh

# The tool is kept by the CycloneDX project; it looks at the environments and is not in them.
SBOM := $(BIN)/uv tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py environment --output-format JSON

.PHONY: sbom
sbom: develop  ## what is in the two environments, with licences, as CycloneDX (sbom.json, sbom-emulator.json)
	@$(SBOM) --pyproject pyproject.toml --output-file sbom.json .venv
	@$(SBOM) --output-file sbom-emulator.json .venv-emulator

.PHONY: clean
clean:  ## remove the environments, builds and caches (make down first)
	@rm -rf .venv .venv-emulator .venv-glue .venv-clients .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
