PYTHON ?= python3

SERVICE = .venv/installed
KEYSTONE = .keystone/installed
AUDIT = .audit/installed
BENCH = .bench/installed
HOSTS = .hosts/installed
OPENAPI = .openapi/installed
OPENSTACK = .openstack/installed
LDAP = .ldap/installed
DEPLOY = .deploy/installed
CLOUDS = .clouds/installed
PRODUCTION = .clouds/production/installed
IMAGE = .image/installed
ZED = .clouds/22.0.1/installed

PORT ?= 42356

# This test runs the service as another user, who may not write what was covered.
NOT_COVERED = --deselect=tests/cloud/test_serving.py::test_a_config_for_root_alone_is_told_with_what_helps

.PHONY: help demo run test operators coverage faults contract security fuzz audit mariadb ldap nginx prometheus clouds bench hosts openapi page runbook deploy replicas lint image clean

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s  %s\n", $$1, $$2}' Makefile

demo: $(SERVICE) $(KEYSTONE) ## signs a user up on a real Keystone, repeats the request, and stops everything
	.venv/bin/python -m tools.demo

run: $(SERVICE) $(KEYSTONE) ## runs the same Keystone and service until Ctrl-C (PORT=42356)
	.venv/bin/python -m tools.run --port $(PORT)

# One process more than processors, as many tests wait for a time to be over.
test: $(SERVICE) $(KEYSTONE) ## runs tests/unit, tests/cloud (on a real Keystone) and tests/model (concurrent requests)
	.venv/bin/python -m pytest --numprocesses=3

coverage: $(SERVICE) $(KEYSTONE) ## runs the same tests, and prints the lines and branches of the product that they miss
	.venv/bin/python -m pytest tests/unit tests/cloud tests/model tests/operators --numprocesses=3 --cov --cov-report=term-missing:skip-covered $(NOT_COVERED)

operators: $(SERVICE) $(KEYSTONE) ## checks clouds, lists and repairs the mapping, and signs up people from lists
	.venv/bin/python -m pytest tests/operators --numprocesses=3

# More processes than processors, as many trials wait: for a time to be over, or for a claim.
faults: $(SERVICE) $(KEYSTONE) ## tries every fault at every call of every request, overlaps, and kill -9 (ten minutes)
	.venv/bin/python -m pytest tests/faults --numprocesses=6

contract: $(SERVICE) $(KEYSTONE) ## replays what every release of the Concertim UI sends, and prints a matrix of it
	.venv/bin/python -m pytest tests/contract --numprocesses=2

security: $(SERVICE) $(KEYSTONE) ## tries to get in, to get out, to find out and to wear down
	.venv/bin/python -m pytest tests/security --numprocesses=4

fuzz: $(SERVICE) $(KEYSTONE) ## tries the random ones of these for longer (half an hour)
	.venv/bin/python -m pytest tests/security/test_fuzz.py --numprocesses=2 --hypothesis-profile=long

audit: $(AUDIT) ## looks for known vulnerabilities in what is pinned, and runs bandit (needs PyPI's JSON interface)
	.audit/bin/bandit --quiet --recursive handler.py functions lib
	.audit/bin/pip-audit --strict --no-deps --requirement requirements.txt

mariadb: $(SERVICE) $(KEYSTONE) ## signs up on a Keystone with MariaDB (as root on Debian, or with MariaDB installed)
	.venv/bin/python -m tests.mariadb $(MARIADB_OPTIONS)

# Makes $(LDAP), once what that needs of Debian is there.
ldap: $(SERVICE) $(KEYSTONE) ## signs up into a domain of an LDAP directory (as root on Debian, or with slapd and headers installed)
	.venv/bin/python -m tests.ldap $(LDAP_OPTIONS)

nginx: $(SERVICE) $(KEYSTONE) ## tries what an nginx in front of Keystone can say (as root on Debian, or with nginx installed)
	.venv/bin/python -m tests.nginx $(NGINX_OPTIONS)

prometheus: $(SERVICE) $(KEYSTONE) ## lets a real Prometheus read the metrics and try the alert rules (as root on Debian, or with it installed)
	.venv/bin/python -m tests.prometheus $(PROMETHEUS_OPTIONS)

clouds: $(SERVICE) $(KEYSTONE) $(CLOUDS) ## does what the UI does on every kind of Keystone, and prints a table (as root on Debian)
	.venv/bin/python -m tests.clouds $(CLOUDS_OPTIONS)

bench: $(SERVICE) $(KEYSTONE) $(BENCH) $(PRODUCTION) ## measures sign-ups beside the least that Keystone allows (25 minutes; BENCH_OPTIONS=--quick or --scale)
	.venv/bin/python -m tools.bench $(BENCH_OPTIONS)

hosts: $(SERVICE) $(KEYSTONE) $(HOSTS) ## sends the same requests to every host (as root on Debian, to Apache too)
	.venv/bin/python -m tests.hosts

openapi: $(SERVICE) $(KEYSTONE) $(OPENAPI) ## tries the contract: generated cases, a generated client, a browser (as root on Debian)
	.venv/bin/python -m tests.openapi $(OPENAPI_OPTIONS)

page: $(SERVICE) $(KEYSTONE) $(OPENAPI) ## sorts and filters the page of the mapping in a browser (as root on Debian)
	.venv/bin/python -m tests.page $(PAGE_OPTIONS)

runbook: $(SERVICE) $(KEYSTONE) $(OPENSTACK) ## runs each command of docs/runbook.md, with the openstack command, on Keystones in trouble
	.venv/bin/python -m pytest tests/runbook --numprocesses=3

deploy: $(SERVICE) $(KEYSTONE) $(DEPLOY) ## tries what is in docs/deploy with the programs that read it (as root on Debian)
	.venv/bin/python -m tests.deploy $(DEPLOY_OPTIONS)

replicas: $(SERVICE) $(KEYSTONE) ## signs up behind a real haproxy, while replicas are killed, stopped and cut off (as root on Debian)
	.venv/bin/python -m tests.replicas $(REPLICAS_OPTIONS)

lint: $(SERVICE) ## checks formatting, ruff, mypy and hadolint
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/hadolint Dockerfiles/Dockerfile.* tools/image/stand_ins/Dockerfile.*

image: $(SERVICE) $(KEYSTONE) $(IMAGE) ## builds the container image, and proves it on a real Keystone (as root, ports 42356 to 42358 free)
	.venv/bin/python -m tools.image $(IMAGE_OPTIONS)

clean: ## removes all that the others have made
	rm -rf .venv .keystone .audit .bench .hosts .openapi .openstack .ldap .deploy .clouds .image .hypothesis .coverage* .*_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(SERVICE): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "UserHandler needs Python 3.11 or later: make PYTHON=python3.x")'
	@$(PYTHON) tools/install.py .venv requirements-dev.txt
	@touch $@

$(KEYSTONE): tests/support/keystone/requirements.txt tests/support/keystone/constraints.txt $(SERVICE)
	@$(PYTHON) tools/install.py .keystone/venv tests/support/keystone/requirements.txt
	@touch $@

$(AUDIT): tests/security/requirements.txt
	@$(PYTHON) tools/install.py .audit tests/security/requirements.txt
	@touch $@

$(BENCH): tools/bench/requirements.txt
	@$(PYTHON) tools/install.py .bench/venv tools/bench/requirements.txt
	@touch $@

$(HOSTS): requirements.txt tests/hosts/requirements.txt
	@$(PYTHON) tools/install.py .hosts tests/hosts/requirements.txt
	@touch $@

$(OPENAPI): tests/openapi/requirements.txt
	@$(PYTHON) tools/install.py .openapi tests/openapi/requirements.txt
	@touch $@

$(OPENSTACK): tests/runbook/requirements.txt
	@$(PYTHON) tools/install.py .openstack tests/runbook/requirements.txt
	@touch $@

$(DEPLOY): tests/deploy/requirements.txt
	@$(PYTHON) tools/install.py .deploy tests/deploy/requirements.txt
	@touch $@

$(IMAGE): tools/image/requirements.txt
	@$(PYTHON) tools/install.py .image/venv tools/image/requirements.txt
	@touch $@

$(LDAP): tests/ldap/requirements.txt $(KEYSTONE)
	@$(PYTHON) tools/install.py .ldap tests/ldap/requirements.txt --beside .keystone/venv
	@touch $@

# Keystone alone: everything else that it needs is in Debian's Python.
$(ZED): tests/clouds/keystone-22.0.1.txt $(SERVICE)
	@/usr/bin/python3 -m venv --clear --without-pip --system-site-packages .clouds/22.0.1
	@.venv/bin/python -m pip --quiet --python .clouds/22.0.1/bin/python install --no-deps --requirement $<
	@touch $@

$(CLOUDS): tests/clouds/keystone-2025.1.txt $(PRODUCTION)
	@$(PYTHON) tools/install.py .clouds/2025.1 tests/clouds/keystone-2025.1.txt
	@touch $@

$(PRODUCTION): tests/clouds/production.txt $(KEYSTONE)
	@$(PYTHON) tools/install.py .clouds/production tests/clouds/production.txt --beside .keystone/venv
	@touch $@
