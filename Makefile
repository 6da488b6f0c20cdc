# Everything one does with this project. `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
# The tests of the folders that hold kernels; tests/test_compiler.py sees that none is left out.
KERNELS := tests/word2vec tests/continuations
export NUMBA_CACHE_DIR ?= $(CURDIR)/.numba_cache

.DEFAULT_GOAL := help
.PHONY: help run test test-nojit test-boundscheck test-lowest lint format bench bench-next bench-similar bench-quality \
	bench-full bench-size check-chaos check-connections check-memory image image-check lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 18

# A stamp per layer of the lock: installing again only when the lock has changed.
$(VENV)/.train $(VENV)/.dev $(VENV)/.bench: $(VENV)/.%: requirements/%.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit("item2vec needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing $< into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(VENV)/.train  ## install, train on the sample, publish, serve on 127.0.0.1:8000
	@$(BIN)/item2vec retrain --if-changed
	@$(BIN)/item2vec serve --port $(PORT)

test: $(VENV)/.dev  ## the whole test suite, compiled, on two cores
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-nojit: $(VENV)/.dev  ## the kernels as plain Python, under branch coverage
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m coverage run -m pytest -q $(KERNELS)
	$(BIN)/python -m coverage report

test-boundscheck: $(VENV)/.dev  ## the kernels with array indexes checked (loads of vectors are not)
	NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest -q $(KERNELS)

# Old versions warn of new ones beneath them.
test-lowest:  ## the suite over the lowest versions that pyproject.toml admits (needs uv)
	uv venv --quiet --clear --python $(PYTHON) $(VENV)-lowest
	uv pip install --quiet --python $(VENV)-lowest --resolution lowest-direct --group dev --group build -e '.[train,s3,postgres]'
	$(VENV)-lowest/bin/python -m pytest -q --numprocesses 2 --dist loadfile -W ignore::DeprecationWarning

lint: $(VENV)/.dev  ## style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev  ## rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench  ## speed and quality beside gensim in a quarter of an hour (bench/out/bench.md)
	$(BIN)/python -m bench

bench-quality: $(VENV)/.bench  ## the next event after many epochs, beside gensim and counting
	$(BIN)/python -m bench.next_event
	$(BIN)/python -m bench.quality --epochs 40

bench-next: $(VENV)/.bench  ## what comes next, beside counting (CLICKSTREAM=folder adds a click-stream)
	$(BIN)/python -m bench.next $(if $(CLICKSTREAM),--clickstream $(CLICKSTREAM))

bench-similar: $(VENV)/.bench  ## objectives and settings for similar items (CLICKSTREAMS=folder adds click-streams)
	$(BIN)/python -m bench.similar $(if $(CLICKSTREAMS),--clickstreams $(CLICKSTREAMS))

bench-full: $(VENV)/.bench  ## throughput on the whole corpus, its variants on twice as much
	$(BIN)/python -m bench.throughput --items 7200000
	$(BIN)/python -m bench.variants --items 3000000 --rounds 5

bench-size: $(VENV)/.bench  ## time and memory over logs of 1, 10 and 100 million events
	$(BIN)/python -m bench.size

check-chaos: $(VENV)/.dev  ## versions swapped under load for a minute (SECONDS=), and other mischief
	CHAOS_SECONDS=$(or $(SECONDS),60) $(BIN)/python -m pytest -q tests/chaos

check-connections: $(VENV)/.bench  ## slow and broken clients by the thousand, and a probe beside them
	$(BIN)/python -m bench.slow_clients

check-memory: $(VENV)/.bench  ## the memory over a million requests and a hundred swaps (needs wrk)
	$(BIN)/python -m bench.endurance

image:  ## build the images item2vec:serve and item2vec:train (docker, else buildah)
	docker/build

image-check:  ## build both images and check them by running them
	docker/image-check

lock:  ## resolve pyproject.toml into requirements/*.txt (needs uv)
	requirements/lock

clean:  ## remove the virtual environment and every cache (models stay)
	find trainer -name '*.nb[ic]' -delete
	rm -rf $(VENV) $(VENV)-lowest .numba_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
