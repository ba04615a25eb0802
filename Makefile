# Every target sets itself up: it needs python3 (3.11 or newer), make and git, nothing else by hand.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
BIN := .venv/bin
MANIFESTS := pyproject.toml uv.lock $(wildcard shared/pyproject.toml services/*/pyproject.toml deploy/*/pyproject.toml)
# uv compiles what it installs, not what is edited here: without it each start may compile our own anew
COMPILE := $(BIN)/python -m compileall -qq shared services deploy
COMPOSE := docker compose -f deploy/compose.yaml --env-file .run/compose.env

.PHONY: help run test verify check fmt bench soak mutants dev up down k8s migrate contracts clean

help: ## This list
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## (.*)/\1\t\2/' | \
	  while IFS=$$'\t' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

run: .venv/.run ## The whole system in one process, with sample mails; asks nothing
	@$(BIN)/callboard run --demo

test: ## Everything: style, types, rules and all tests, against real servers
	@if deploy/setup/servers.sh; then $(MAKE) --no-print-directory verify; \
	elif docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1; then \
	  echo "setup: running the tests in a container, which has these servers" >&2; \
	  docker compose -f deploy/compose.tests.yaml run --rm --build tests; \
	else echo "setup: and there is no container engine with compose either" >&2; exit 1; fi

verify: lint # make test, where the servers are installed
	@$(BIN)/pytest -m "not soak" -n 2 --dist loadfile

check: lint ## Style, types and the rules of the house, without servers
	@$(BIN)/pytest tests/architecture

.PHONY: lint
lint: .venv/.dev
	@$$(deploy/setup/uv.sh) lock --check --quiet
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/basedpyright

fmt: .venv/.dev ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

bench: .venv/.dev ## The benchmarks; results as JSON in bench/results
	@deploy/setup/servers.sh bench && $(BIN)/python -m bench

soak: .venv/.dev ## The long tests (SOAK_MINUTES=10, SOAK_SEED to repeat one)
	@deploy/setup/servers.sh && $(BIN)/pytest -m soak --timeout 0 -s tests

mutants: .venv/.dev ## Small mistakes planted in FILES=…, and which the narrow tests find (MINUTES=30 a file, JOBS=2)
	@$(BIN)/python -m mutants --minutes $(or $(MINUTES),30) $(or $(FILES),$(error say which: make mutants FILES=services/…/ledger.py))

dev: .venv/.dev ## PostgreSQL, RabbitMQ, mail servers and each service as processes of this machine
	@deploy/setup/servers.sh && $(BIN)/python -m localservers.dev

up: .run/compose.env ## The same in containers (needs docker compose)
	@$(COMPOSE) up --build --detach --wait && $(COMPOSE) ps

down: .run/compose.env ## Stop the containers; the data stay
	@$(COMPOSE) down

k8s: .venv/.dev ## Render deploy/k8s and validate it
	@$(BIN)/pytest tests/deploy/test_k8s.py

migrate: .venv/.run ## Bring one service's database up to date: make migrate SERVICE=dispatch
	@: "$(or $(SERVICE),$(error say which: make migrate SERVICE=dispatch))"
	@: "$${CALLBOARD_DATABASE_URL:?set it to the database of $(SERVICE), postgresql+asyncpg://…}"
	@$(BIN)/python -m $(subst -,_,$(SERVICE)) migrate

contracts: .venv/.run ## Write docs/asyncapi.yaml, docs/openapi/*.json and the embedded tables from the code
	@$(BIN)/callboard contracts

clean: ## Remove what was built and installed here; not data/
	@rm -rf .venv .cache .run bench/results dist .ruff_cache .pytest_cache .hypothesis .schemathesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What runs needs no tools of the developers, and does not remove them where they are.
.venv/.run: $(MANIFESTS)
	@$$(deploy/setup/uv.sh) sync --frozen --no-dev --inexact --compile-bytecode --quiet
	@$(COMPILE)
	@touch $@

.venv/.dev: $(MANIFESTS)
	@$$(deploy/setup/uv.sh) sync --frozen --compile-bytecode --quiet
	@$(COMPILE)
	@touch $@ .venv/.run

# Passwords of the containers, made once for this machine.
.run/compose.env:
	@mkdir -p $(@D) && umask 077 && python3 -c 'import base64, secrets; \
	  print("POSTGRES_PASSWORD=" + secrets.token_hex(16)); \
	  print("RABBITMQ_PASSWORD=" + secrets.token_hex(16)); \
	  print("CALLBOARD_SECRET_KEY=" + base64.b64encode(secrets.token_bytes(32)).decode())' > $@
