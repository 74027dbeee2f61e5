# Everything runs in .venv, which each target makes for itself: Python 3.11 is enough.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CUSTOMERS ?= 5000
MONTHS ?= 18
SEED ?= 0
SITE ?= site
BIN := .venv/bin
# A bank's network may sign with its own certificates: trust what the system trusts.
export UV_SYSTEM_CERTS = true
UV = $(firstword $(shell command -v uv) $(BIN)/uv)

help: ## Show this help
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 8

# Nothing runs beside it, so that boosting may have a second core.
run: $(BIN)/.locked ## Simulate a bank, run one night through the DAGs, print a summary
	@$(BIN)/crm simulate --customers $(CUSTOMERS) --months $(MONTHS) --seed $(SEED)
	@echo "Champions of this demo need no person (CRM_AUTO_APPROVE); elsewhere: crm approve"
	@CRM_AUTO_APPROVE=true OMP_NUM_THREADS=2 $(BIN)/python dags/run_night.py

test: $(BIN)/.locked ## Run all tests, a file at a time on each core
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

quick: $(BIN)/.locked ## Run the fast tests: unit, dags, docs
	$(BIN)/pytest tests/unit tests/dags tests/docs models pipelines -m "not slow and not soak"

soak: $(BIN)/.locked ## Run everything, also what is thorough by repetition (hours)
	CRM_RANDOM_KILLS=60 CRM_EVERY_TASK=1 $(BIN)/pytest -m "soak or not soak" \
		--numprocesses auto --dist loadfile --no-loadscope-reorder

check: $(BIN)/.locked ## Lint Python and SQL, check imports and the lock
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --disable-progress-bar dbt_project
	$(BIN)/python tests/sql/portable_sql.py
	cp requirements.lock $(BIN)/requirements.lock
	$(COMPILE) --output-file $(BIN)/requirements.lock
	diff requirements.lock $(BIN)/requirements.lock

up: $(BIN)/.locked ## Open Airflow and MLflow on this machine, until Ctrl-C
	@$(BIN)/python dags/up.py

docs: $(BIN)/.locked ## Build the documentation as a site, with dbt's docs beside it
	@$(BIN)/python -m sphinx -q -W --keep-going -d $(SITE)/.doctrees docs $(SITE)
	@CRM_WAREHOUSE=:memory: DBT_SEND_ANONYMOUS_USAGE_STATS=false \
		$(BIN)/dbt --quiet docs generate --static --empty-catalog \
		--project-dir dbt_project --profiles-dir dbt_project \
		--target-path $(abspath $(SITE))/.dbt --log-path $(abspath $(SITE))/.dbt
	@mkdir -p $(SITE)/dbt
	@mv $(SITE)/.dbt/static_index.html $(SITE)/dbt/index.html
	@echo "Open $(SITE)/index.html"

pictures: $(BIN)/.locked ## Take the pictures of the documentation out of CRM_HOME
	@$(BIN)/python docs/pictures.py

bench: $(BIN)/.locked ## Measure speed and memory against bare baselines
	$(BIN)/python tests/bench/run.py

lock: $(BIN)/.locked ## Resolve pyproject.toml into requirements.lock
	$(COMPILE) --output-file requirements.lock

COMPILE = $(UV) pip compile pyproject.toml --extra develop --generate-hashes \
	--python-version 3.11 --no-header --no-annotate --quiet

# uv installs what the lock names and nothing else, and refuses a file of another hash.
# Compiled once, here: where Python may not write (PYTHONDONTWRITEBYTECODE), each process
# would compile what it imports, 33 s for all five of a night's libraries instead of 14.
$(BIN)/.locked: requirements.lock pyproject.toml
	@echo "Setting up .venv with what requirements.lock names"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@command -v uv > /dev/null || test -x $(BIN)/uv || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes \
		--compile-bytecode --requirement requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.PHONY: help run test quick soak check up docs pictures bench lock
