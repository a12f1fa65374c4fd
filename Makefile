# make run: set up if needed and serve.   make test: set up if needed and test.
PYTHON ?= python3
UV ?= uv
VENV := .venv/bin/python
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
# If it were set, each of the many processes of a run would compile all code again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run setup wheel setup-tests test test-all test-long test-setup test-bare check format translations screenshots bench lock

help:
	@echo "make run         serve the demonstration on http://127.0.0.1:8000"
	@echo "make test        all tests but the long ones"
	@echo "make test-all    all tests, long ones included, in random order; prints its seed (ARGUMENTS=--randomly-seed=…)"
	@echo "make test-setup  install the system packages that the tests need (apt-get), and try each"
	@echo "make test-bare   show that a bare Debian 12 runs the tests after make test-setup (root; debootstrap, chroot)"
	@echo "make test-long   all tests, with many more random examples"
	@echo "make wheel       build dist/ningxin-….whl, to install elsewhere with pip"
	@echo "make check       format, lint, types, imports, house rules, migrations"
	@echo "make format      format the code"
	@echo "make translations  update the English catalogue and list what lacks English"
	@echo "make screenshots   take the pictures in docs/screenshots from the demonstration"
	@echo "make bench       measure the ledger in ratios (ARGUMENTS='--size huge --books FOLDER' for 10 million transfers)"
	@echo "make lock        renew the lock files (needs uv and npm)"

# A village's own book is in var/; the demonstration keeps out of it.
run: export LEDGER_DATA_FOLDER ?= var/demonstration
run: setup
	@exec $(VENV) -m ningxin serve --demo

setup:
	@$(PYTHON) tools/setup.py

wheel: setup
	@$(VENV) -m pip wheel --quiet --no-deps --no-build-isolation --disable-pip-version-check --wheel-dir dist .
	@ls dist

setup-tests:
	@$(PYTHON) tools/setup.py --tests

test: setup-tests
	@$(VENV) -m tools.test_trials
	@$(VENV) -m pytest -n 2

test-all: setup-tests
	@$(VENV) -m tools.test_trials
	@$(VENV) -m pytest -n 2 -m "" -p randomly $(ARGUMENTS)

test-long: setup-tests
	@$(VENV) -m tools.test_trials
	@$(VENV) -m pytest -n 2 -m "" --hypothesis-profile=long --timeout=3600

test-setup: setup-tests
	@$(VENV) -m tools.test_trials --install

test-bare:
	@$(PYTHON) -m tools.bare

check: setup-tests
	@$(VENV) tools/check.py

format: setup-tests
	@$(VENV) -m ruff format .
	@$(VENV) -m ruff check --fix .

translations: setup
	@$(VENV) tools/translations.py

screenshots: setup-tests
	@$(VENV) -m tools.screenshots

bench: setup-tests
	@$(VENV) -m bench $(ARGUMENTS)

lock:
	@$(LOCK) pyproject.toml -o requirements.txt
	@for name in requirements-dev requirements-build requirements-node; do $(LOCK) $$name.in -o $$name.txt; done
	@npm install --package-lock-only --ignore-scripts
