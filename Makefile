# Every target works from a fresh clone: what it needs is installed first, in the locked versions, into .venv,
# .venv-mlserver, .venv-supply and .venv-fast. Needed beforehand: Python 3.11 or newer with its venv module (3.11 or 3.12 for MLServer).

PYTHON ?= python3
JOBS ?= auto
SERVING := tests/core tests/wire tests/proxy tests/chaos tests/processes tests/peers
BIN := .venv/bin
UV := $(BIN)/uv

export PATH := $(CURDIR)/$(BIN):$(PATH)
export UV_PYTHON_DOWNLOADS := never
# Else each process of each gateway that is started compiles its modules and those of its libraries anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help test proofs lint demo bench shadow comparing load chaos rehearse soak attacks fuzz simulate lock image sbom audit venv clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: .venv/ready ## ruff, mypy and every test, with real servers and clients; JOBS=1 for one after the other
	@$(MAKE) --no-print-directory --jobs 2 .venv-mlserver/ready lint
	@.ci/packages
	@$(BIN)/pytest -n $(JOBS) --dist loadfile $(ARGS)

.PHONY: fast test-fast
fast: .venv-fast/ready ## the gateway with its hot path compiled: .venv-fast/bin/gateway; needs a C compiler

test-fast: .venv-fast/ready .venv-mlserver/ready ## the tests of all that serves, against the compiled gateway
	@.ci/packages
	@PYTHONSAFEPATH=1 .venv-fast/bin/pytest -o pythonpath= -n $(JOBS) --dist loadfile $(or $(ARGS),$(SERVING))

proofs: .venv/ready ## tests/whole in full: half an hour of changes under load, kills, faults and large numbers
	@.ci/packages
	@PROOFS=full $(BIN)/pytest tests/whole -s --timeout 900 $(ARGS)

lint: .venv/ready ## ruff and mypy --strict only
	@$(BIN)/ruff check .
	@$(BIN)/mypy

demo: .venv/ready .venv-mlserver/ready ## three models, a real inference server, the gateway before them, live traffic
	@$(BIN)/gateway demo --mlserver-python .venv-mlserver/bin/python $(ARGS)

bench: .venv/ready .venv-peers/ready $(if $(BENCH_MORE),.venv-more/ready) ## what a request costs, beside nginx, HAProxy and Envoy; writes docs/benchmarks.md; BENCH_MORE=1: LiteLLM, TensorZero
	@.ci/packages wrk
	@for proxy in nginx haproxy; do .ci/packages $$proxy || echo "$$proxy is left out" >&2; done
	@$(BIN)/python -m loadtests.bench $(ARGS)

shadow: .venv/ready ## comparisons a second of the shadow process on one core
	@$(BIN)/python loadtests/shadow.py $(ARGS)

comparing: .venv/ready ## what one comparison costs, of small answers and large ones
	@$(BIN)/python loadtests/comparing.py $(ARGS)

load: .venv/ready ## locust for SECONDS=120 against the demo: users, streams, uploads, spikes, a ramp to the knee
	@$(MAKE) --no-print-directory .venv-mlserver/ready || echo "MLServer cannot be installed here"
	@$(BIN)/python -m loadtests.load --seconds $(or $(SECONDS),120) --mlserver-python .venv-mlserver/bin/python $(ARGS)

chaos: .venv/ready ## models that fail in every way under load, tens of thousands of calls; what was measured
	@GATEWAY_CHAOS=full $(BIN)/pytest tests/chaos -q --timeout 900 $(ARGS)

rehearse: .venv/ready ## an outage by SCENARIO=FILE: models that misbehave, a gateway, callers, a line a second
	@$(BIN)/python -m loadtests.rehearsal $(or $(SCENARIO),loadtests/scenarios/outage.yaml) $(ARGS)

soak: .venv/ready ## MINUTES=30 of mixed traffic with kills, faults, reloads, a database away: every request accounted for
	@.ci/packages
	@$(BIN)/python -m loadtests.soak --minutes $(or $(MINUTES),30) --report loadtests/reports/soak.json $(ARGS)

attacks: .venv/ready .venv-peers/ready ## request smuggling beside nginx, Envoy and HAProxy, then attacks by load; writes docs/attacks.md
	@for proxy in nginx haproxy; do .ci/packages $$proxy || echo "$$proxy is left out" >&2; done
	@$(BIN)/python -m tests.attacks $(ARGS)

fuzz: .venv/ready .venv-fuzz/ready ## look for inputs that are not stood: SECONDS=60
	@PYTHONPATH=.venv-fuzz $(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(ARGS)

simulate: .venv/ready ## the interval of a shadow's excess, tried with 1,000 runs for each of many rates
	@$(BIN)/python -m tests.core.simulate_excess $(ARGS)

lock: .venv/ready ## write requirements/*.txt anew from pyproject.toml, with the newest versions
	@.ci/lock

image: .venv/ready ## build the container image without an engine (Debian, root), and try it
	@.ci/image

sbom: .venv-supply/ready ## write requirements/serve.cdx.json anew: all that the image holds, with its licences
	@.ci/sbom

audit: .venv-supply/ready ## ask PyPI for known faults of what the image holds; fails where it cannot be asked
	@.venv-supply/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/serve.txt $(ARGS)

venv: .venv/ready .venv-mlserver/ready ## both environments, nothing run

clean: ## remove all environments and caches
	rm -rf .venv .venv-mlserver .venv-supply .venv-fast .venv-fuzz .venv-peers .venv-more .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage dist

.venv/ready: requirements/build.txt requirements/dev.txt pyproject.toml
	@PYTHON=$(PYTHON) .ci/venv
	@touch $@

.venv-fast/ready: requirements/dev.txt pyproject.toml hatch_build.py $(shell find gateway -name '*.py') | .venv/ready
	@.ci/venv-fast
	@touch $@

.venv-supply/ready: requirements/supply.txt | .venv/ready
	@.ci/venv-supply
	@touch $@

.venv-peers/ready: requirements/peers.txt | .venv/ready
	@.ci/venv-peers
	@touch $@

.venv-more/ready: | .venv/ready
	@.ci/venv-more
	@touch $@

.venv-fuzz/ready: requirements/fuzz.txt | .venv/ready
	@.ci/venv-fuzz
	@touch $@

.venv-mlserver/ready: requirements/mlserver.txt | .venv/ready
	@PYTHON=$(PYTHON) .ci/venv-mlserver
	@touch $@
