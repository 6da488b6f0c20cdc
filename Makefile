# Everything one does with this project. `make help` lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
# The tests of the folders that hold kernels; tests/test_compiler.py sees that none is left out.
KERNELS := tests/word2vec tests/continuations tests/maps
# The compiler that reads the types of the explorer's JavaScript; its lock and settings.
TYPES := tests/explorer/types
TSC := $(TYPES)/node_modules/.package-lock.json
export NUMBA_CACHE_DIR ?= $(CURDIR)/.numba_cache

.DEFAULT_GOAL := help
.PHONY: help run test test-nojit test-boundscheck test-lowest lint lint-page format bench bench-next bench-voices \
	bench-similar bench-maps bench-quality bench-full bench-size bench-explorer check-chaos check-connections check-memory pictures image image-check lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 18

# What is installed, measured; the time is that of a fast network.
SIZE_train := 800 MB, about a minute
SIZE_dev := 1.4 GB, about two minutes
SIZE_bench := 1.6 GB, about two minutes
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# pip warns, a line for each package, of an index that is configured and lacks it. All else is shown.
WITHOUT_INDEXES := 2>&1 | { grep -vE '^WARNING: (Location|Skipping page) ' >&2 || true; }

# A stamp per layer of the lock: installing again only when the lock has changed.
$(VENV)/.train $(VENV)/.dev $(VENV)/.bench: $(VENV)/.%: requirements/%.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit("item2vec needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing $< into $(VENV): $(SIZE_$*) ..."
	@set -o pipefail; $(PIP) --require-hashes -r $< $(WITHOUT_INDEXES)
	@set -o pipefail; $(PIP) --no-deps --no-build-isolation -e . $(WITHOUT_INDEXES)
	@touch $@

run: $(VENV)/.train  ## install, train on the sample, publish, serve on 127.0.0.1:8000
	@echo "Training as item2vec.toml says, unless that is done: the sample takes about a minute on two idle cores ..."
	@$(BIN)/item2vec retrain --if-changed
	@echo "Serving until Ctrl-C ..."
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

lint: $(VENV)/.dev lint-page  ## style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# The page runs as it is written: Node is for its types alone, and whoever lacks it goes without.
lint-page: $(if $(shell command -v npm),$(TSC))
	$(if $<,$(TYPES)/node_modules/.bin/tsc --project $(TYPES),@echo "npm is not installed: the types of the explorer's JavaScript are not checked")

$(TSC): $(TYPES)/package-lock.json
	@npm ci --prefix $(TYPES) --no-fund --no-audit --loglevel error
	@touch $@

format: $(VENV)/.dev  ## rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench  ## speed and quality beside gensim in a quarter of an hour (bench/out/bench.md)
	$(BIN)/python -m bench

bench-quality: $(VENV)/.bench  ## the next event after many epochs, beside gensim and counting
	$(BIN)/python -m bench.next_event
	$(BIN)/python -m bench.quality --epochs 40

bench-next: $(VENV)/.bench  ## what comes next, beside counting (CLICKSTREAMS=folder adds click-streams)
	$(BIN)/python -m bench.next $(if $(CLICKSTREAMS),--clickstreams $(CLICKSTREAMS))

bench-voices: $(VENV)/.bench  ## what each voice of what comes next is worth (CLICKSTREAMS=folder adds click-streams)
	$(BIN)/python -m bench.voices $(if $(CLICKSTREAMS),--clickstreams $(CLICKSTREAMS))

bench-similar: $(VENV)/.bench  ## objectives and settings for similar items (CLICKSTREAMS=folder adds click-streams)
	$(BIN)/python -m bench.similar $(if $(CLICKSTREAMS),--clickstreams $(CLICKSTREAMS))

bench-maps: $(VENV)/.bench  ## time and quality of the map of items
	$(BIN)/python -m bench.maps

bench-full: $(VENV)/.bench  ## throughput on the whole corpus, its variants on twice as much
	$(BIN)/python -m bench.throughput --items 7200000
	$(BIN)/python -m bench.variants --items 3000000 --rounds 5

bench-size: $(VENV)/.bench  ## time and memory over logs of 1, 10 and 100 million events
	$(BIN)/python -m bench.size

bench-explorer: $(VENV)/.bench  ## the explorer: weight, first view, frames a second of its map (needs Chromium)
	@$(BIN)/item2vec retrain --if-changed
	$(BIN)/python -m bench.explorer

check-chaos: $(VENV)/.dev  ## versions swapped under load for a minute (SECONDS=), and other mischief
	CHAOS_SECONDS=$(or $(SECONDS),60) $(BIN)/python -m pytest -q tests/chaos

check-connections: $(VENV)/.bench  ## slow and broken clients by the thousand, and a probe beside them
	$(BIN)/python -m bench.slow_clients

check-memory: $(VENV)/.bench  ## the memory over a million requests and a hundred swaps (needs wrk)
	$(BIN)/python -m bench.endurance

pictures: $(VENV)/.dev  ## draw the pictures of the documentation again (needs Chromium, pngquant)
	$(BIN)/python docs/images/draw.py
	$(BIN)/item2vec evaluate --report docs/images/page.html
	$(BIN)/python docs/images/evaluation.py docs/images/page.html
	rm docs/images/page.html
	$(BIN)/python docs/images/explorer.py

image:  ## build the images item2vec:serve and item2vec:train (docker, else buildah)
	docker/build

image-check:  ## build both images and check them by running them
	docker/image-check

lock:  ## resolve pyproject.toml into requirements/*.txt (needs uv)
	requirements/lock

clean:  ## remove the virtual environment and every cache (models stay)
	find trainer -name '*.nb[ic]' -delete
	rm -rf $(VENV) $(VENV)-lowest $(TYPES)/node_modules .numba_cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

# The site of docs/, in the same environment: what it needs has the versions of the lock.
$(VENV)/.docs: requirements/docs.txt $(VENV)/.train
	@set -o pipefail; $(PIP) --require-hashes -r $< $(WITHOUT_INDEXES)
	@touch $@

.PHONY: docs docs-serve docs-settings
docs: $(VENV)/.docs  ## build the site of docs/ (build/site/index.html)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "wrote build/site/index.html"

docs-serve: $(VENV)/.docs  ## show that site on 127.0.0.1:8001, anew whenever a page changes
	$(BIN)/mkdocs serve --dev-addr 127.0.0.1:8001

docs-settings: $(VENV)/.train  ## write docs/settings.md from the program
	$(BIN)/python -m trainer.cli.reference > docs/settings.md
