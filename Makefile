# make lab: a small estate of real servers on this machine.   make test: all tests.
# make check: format, lint, types, contracts.                 make help: every target.

# Compiled modules are kept: a test that starts a process would compile all of them again.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
# What failed is run once more, by itself: whether it passes beside others or not is printed, and a
# test that fails both times fails the run (CONTRIBUTING.md).
AGAIN := echo "Once more by itself, what failed above:" && $(BIN)/pytest --last-failed --last-failed-no-failures none --exitfirst
PYTHON_FILES := bastide inventory infra monitors playbooks tests

.PHONY: help install lab lab-down test test-town test-long test-vm test-quick oracles soak check format bench mutants lock generate setup-lab setup-test clean-cache

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

install: ## make `.venv/bin/bastide` for estates of existing servers; needs no root where the packages are there
	@tools/install-debian-packages any
	@UV_NO_CACHE=1 $(MAKE) --no-print-directory .venv/.ready

lab: setup-lab ## bring the lab up, or converge it, and show what it is
	$(BIN)/bastide up --estate lab

lab-down: .venv/.ready ## take away everything that `make lab` made (the package and image cache stays)
	$(BIN)/bastide down --estate lab --yes

test: test-quick ## run every test but those in the strange town, the lab's included
	$(BIN)/pytest -m "lab and not town" || { $(AGAIN) -m "lab and not town"; }

test-town: setup-lab setup-test ## run the tests in the strange town (tests/strange_town)
	$(BIN)/pytest -m town

test-long: setup-lab setup-test ## run the tests on the lab that wait for minutes: a dead operations host, a disabled timer, drift
	$(BIN)/pytest -m long

test-vm: setup-lab setup-test ## audit and harden a virtual machine with a kernel of its own (tests/virtual_machine); writes docs/virtual-machine.md
	@tools/install-debian-packages vm
	$(BIN)/pytest -m vm

# Three processes a core: tests wait for what they started (with two a core, a third of the
# processors' time was nobody's). Files are begun in the order of tests/conftest.py, the longest
# first; pytest-xdist would begin those with the most tests.
test-quick: setup-lab setup-test oracles ## run every test that needs no lab and no town, on all cores
	$(BIN)/pytest -m "not lab and not town" --numprocesses $$((3 * $$(nproc))) --dist loadfile --no-loadscope-reorder \
	  || { $(AGAIN) -m "not lab and not town"; }

oracles: .venv/.ready ## build what ours is held against (tests/oracles: the official Pulumi CLI, an ACME authority, an S3 server), where Go is
	@$(BIN)/python -m tests.oracles.programs

soak: setup-test oracles ## every engine test on the official engine, SEEDS random programs (100), a kill at every boundary; 100 lab machines
	BASTIDE_SOAK=$(or $(SEEDS),100) $(BIN)/pytest tests/infra/engine --numprocesses $$(nproc)
	BASTIDE_SOAK=1 $(BIN)/pytest tests/infra/lab/test_teardown.py --capture no

check: setup-test ## format, lint, types, import contracts, ansible-lint, yamllint, promtool
	$(BIN)/ruff format --check $(PYTHON_FILES)
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	cd playbooks && ANSIBLE_CONFIG=ansible.cfg BASTIDE_ESTATE=lab PATH="$(CURDIR)/$(BIN):$$PATH" ../$(BIN)/ansible-lint --offline --strict
	cd inventory/estates/lab && ANSIBLE_CONFIG=$(CURDIR)/playbooks/ansible.cfg BASTIDE_ESTATE=lab PATH="$(CURDIR)/$(BIN):$$PATH" \
	  ANSIBLE_LIBRARY=$(CURDIR)/playbooks/library ANSIBLE_ROLES_PATH=$(CURDIR)/playbooks/roles:roles \
	  $(CURDIR)/$(BIN)/ansible-lint --config-file /dev/null --profile production --offline --strict playbooks roles
	promtool check rules --lint=all --lint-fatal monitors/prometheus/rules/*.yml monitors/prometheus/watch_rules/*.yml

format: .venv/.ready ## write the format that `make check` wants
	$(BIN)/ruff format $(PYTHON_FILES)
	$(BIN)/ruff check --fix $(PYTHON_FILES)

bench: setup-lab ## measure a lab of its own cold, rebuilt and unchanged; prints a table
	$(BIN)/python -m tests.bench.lab

mutants: setup-test ## put mistakes into MODULE=path (a file or folder), one at a time; print those its tests miss
	$(BIN)/python -m tests.mutation $(if $(EVERY),--every $(EVERY)) $(MODULE) $(TESTS)

generate: .venv/.ready ## write what is generated: schema.json, the roles' READMEs, the collector's command list
	$(BIN)/bastide inventory schema > inventory/schema.json.new
	mv inventory/schema.json.new inventory/schema.json
	$(BIN)/python playbooks/role_readmes.py
	$(BIN)/python -m monitors.audit.judge.command_list

lock: .venv/.ready ## write the lock files anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --extra reports --extra postgresql --extra provision --extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --generate-hashes --extra postgresql -c requirements.lock pyproject.toml -o requirements-operations.lock

clean-cache: ## remove the image and package cache (a lab that runs still needs its image)
	rm -rf --one-file-system /var/cache/bastide /var/cache/strange-town /var/cache/bastide-virtual-machine /var/cache/bastide-oracles

setup-lab: .venv/.ready
	@tools/install-debian-packages any lab

setup-test: .venv/.ready
	@tools/install-debian-packages any test

# uv comes first, by the hash in the lock, and installs the rest in seconds; compiled, since Ansible
# and Pulumi start many processes, and where PYTHONDONTWRITEBYTECODE is set each would compile anew.
.venv/.ready: requirements.lock pyproject.toml
	test -x $(BIN)/python || python3 -m venv .venv
	sed -n '/^uv==/,/^    # via/p' requirements.lock > .venv/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	chmod -f go-w .venv/.lock || true
	touch $@
