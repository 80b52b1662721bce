# make demo      signs a user up on a real Keystone and shows it
# make run       the same Keystone and service, until Ctrl-C
# make test      all tests
# make faults    every fault at every call of a sign-up, overlaps, and kill -9 (minutes)
# make contract  what every release of the Concertim UI does, and a matrix of it
# make security  attempts to get in, to get out, to find out and to wear down
# make fuzz      the random ones of these, for longer (half an hour)
# make audit     known vulnerabilities of what is pinned, and bandit (needs the JSON interface of PyPI)
# make mariadb   the sign-up on a Keystone with MariaDB (as root on Debian, or with MariaDB installed)
# make ldap      a sign-up into a domain whose users are in LDAP (as root on Debian, or with slapd and headers installed)
# make nginx     what an nginx before Keystone can say in its place (as root on Debian, or with nginx installed)
# make bench     what a sign-up takes, beside the least that Keystone allows (ten minutes; half of one with BENCH_OPTIONS=--quick)
# make hosts     the same requests on every host, each answered as a direct call answers (as root on Debian, Apache too)
# make lint      formatting, ruff, mypy and hadolint
# make image     builds the container image and proves it on a real Keystone (as root, port 42356 free)
# make clean     removes all that the above have made

PYTHON ?= python3
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check

SERVICE = .venv/installed
KEYSTONE = .keystone/installed
AUDIT = .audit/installed
BENCH = .bench/installed
HOSTS = .hosts/installed
LDAP = .ldap/installed

.PHONY: demo run test faults contract security fuzz audit mariadb ldap nginx bench hosts lint image clean

demo: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m tools.demo

run: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m tools.demo --stay

test: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m pytest --numprocesses=2

# More processes than processors, as many trials wait: for a time to be over, or for a claim.
faults: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m pytest tests/faults --numprocesses=6

contract: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m pytest tests/contract

security: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m pytest tests/security --numprocesses=4

fuzz: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m pytest tests/security/test_fuzz.py --numprocesses=2 --hypothesis-profile=long

audit: $(AUDIT)
	.audit/bin/bandit --quiet --recursive handler.py functions lib
	.audit/bin/pip-audit --strict --no-deps --requirement requirements.txt

mariadb: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m tests.mariadb $(MARIADB_OPTIONS)

# Makes $(LDAP), once what that needs of Debian is there.
ldap: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m tests.ldap $(LDAP_OPTIONS)

nginx: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m tests.nginx $(NGINX_OPTIONS)

bench: $(SERVICE) $(KEYSTONE) $(BENCH)
	.venv/bin/python -m tools.bench $(BENCH_OPTIONS)

hosts: $(SERVICE) $(KEYSTONE) $(HOSTS)
	.venv/bin/python -m tests.hosts

lint: $(SERVICE)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/hadolint Dockerfiles/*

image: $(SERVICE) $(KEYSTONE)
	.venv/bin/python -m tools.image $(IMAGE_OPTIONS)

clean:
	rm -rf .venv .keystone .audit .bench .hosts .ldap .image .pytest_cache .mypy_cache .ruff_cache

$(SERVICE): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "UserHandler needs Python 3.11 or later: make PYTHON=python3.x")'
	@echo "Installing the service and its tools into .venv"
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python $(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

$(KEYSTONE): tests/support/keystone/requirements.txt tests/support/keystone/constraints.txt $(SERVICE)
	@echo "Installing a Keystone into .keystone"
	@$(PYTHON) -m venv --clear .keystone/venv
	@.keystone/venv/bin/python $(PIP_INSTALL) -r tests/support/keystone/requirements.txt
	@touch $@

$(AUDIT): tests/security/requirements.txt
	@echo "Installing auditors into .audit"
	@$(PYTHON) -m venv --clear .audit
	@.audit/bin/python $(PIP_INSTALL) -r tests/security/requirements.txt
	@touch $@

$(BENCH): tools/bench/requirements.txt
	@echo "Installing what draws into .bench"
	@$(PYTHON) -m venv --clear .bench/venv
	@.bench/venv/bin/python $(PIP_INSTALL) -r tools/bench/requirements.txt
	@touch $@

$(HOSTS): requirements.txt tests/hosts/requirements.txt
	@echo "Installing hosts into .hosts"
	@$(PYTHON) -m venv --clear .hosts
	@.hosts/bin/python $(PIP_INSTALL) -r tests/hosts/requirements.txt
	@touch $@

$(LDAP): tests/ldap/requirements.txt $(KEYSTONE)
	@echo "Installing Keystone's LDAP driver into .ldap"
	@$(PYTHON) -m venv --clear .ldap
	@.keystone/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > .ldap/path
	@mv .ldap/path "$$(.ldap/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/keystone.pth"
	@.ldap/bin/python $(PIP_INSTALL) -r tests/ldap/requirements.txt
	@touch $@
