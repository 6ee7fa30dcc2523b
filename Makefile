# Everything from a bare checkout: each target sets up what it needs and says what it cannot.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
export PYTHONUTF8 := 1
# Many tests start processes of their own; compiled once, they start in half the time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test test-bluez test-brokers check format bench bench-detection teach soak firmware drawings \
	public protocol lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

demo: $(VENV)/.ready ## the whole product on this machine: simulated pump, broker, daemon, page
	@$(PY) -m lullaflow demo $(ARGS)

test: $(VENV)/.ready .make/debian-test ## all tests but the slow sweeps
	@$(PY) -m pytest -n 3 --dist worksteal -m "not soak" $(ARGS)

test-bluez: $(VENV)/.ready .make/debian-bluez ## the daemon on a real BlueZ, in a virtual machine
	@$(PY) -m pytest -n 2 -m bluez tests/bluez $(ARGS)

test-brokers: $(VENV)/.ready .make/brokers ## the house's side with NATS, Aedes and AsyncAPI's parser
	@LULLAFLOW_NODE_FOLDER=.make/node $(PY) -m pytest tests/end_to_end/test_mqtt.py \
		tests/unit/test_public_description.py -k "nats or aedes or asyncapi" $(ARGS)

check: $(VENV)/.ready ## format, lint, types, layers
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

format: $(VENV)/.ready ## mend format and lint where a machine can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(VENV)/.ready .make/debian-test .make/peers .make/compiled ## speed and memory, as ratios against a peer or a limit
	@set -e; for script in tests/bench/bench_*.py; do echo; $(PY) $$script; done

bench-detection: $(VENV)/.ready .make/peers .make/compiled ## how well let-downs are found, beside peers and the limit (docs/detection.md)
	@PYTHONPATH=tests $(PY) -m bench.detection $(ARGS)

teach: $(VENV)/.ready .make/peers ## teach the detector's eye anew on training recordings (over two hours; an hour more at first)
	@PYTHONPATH=tests $(PY) -m bench.detection.teach $(ARGS)

soak: $(VENV)/.ready .make/debian-test .make/peers .make/compiled ## the slow sweeps: link and broker torture, fuzzing
	@$(PY) -m pytest -m soak --timeout 5400 $(ARGS)

firmware: $(VENV)/.ready ## compile the firmware for each board into build/firmware
	@$(PY) tools/build_firmware.py

drawings: $(VENV)/.ready ## draw the wiring of each board anew (docs/images/hardware)
	@$(PY) tools/draw_wiring.py

public: $(VENV)/.ready ## describe the MQTT topics anew (protocols/public)
	@$(PY) -m lullaflow_protocol.public protocols/public

protocol: $(VENV)/.ready ## describe the wire anew (docs/protocol.md)
	@$(PY) tools/protocol_page > docs/protocol.md

lock: $(VENV)/.ready ## pin every dependency anew
	@$(PY) -m uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--extra plots --generate-hashes --no-header --no-emit-index-url --upgrade -q -o requirements.lock
	@$(PY) -m uv pip compile --group peers --universal --python-version 3.11 -c requirements.lock \
		--generate-hashes --no-header --no-emit-index-url --upgrade -q -o requirements-peers.lock

clean: ## forget the environment and every cache
	rm -rf $(VENV) .make .mypy_cache .ruff_cache .pytest_cache .hypothesis .cache

$(VENV)/.ready: requirements.lock pyproject.toml tools/setup.sh
	@tools/setup.sh venv $(VENV)

.make/peers: requirements-peers.lock tools/setup.sh
	@tools/setup.sh peers $@ $(VENV)

.make/compiled: $(VENV)/.ready tools/compiled_core.py \
		$(shell find host/lullaflow protocols/lullaflow_protocol -name '*.py')
	@tools/setup.sh compiled $@ $(VENV)

.make/brokers: tools/setup.sh
	@tools/setup.sh brokers $@

.make/debian-bluez: tools/setup.sh
	@tools/setup.sh debian-bluez $@

.make/debian-test: tools/setup.sh
	@tools/setup.sh debian-test $@
