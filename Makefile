# `make demo` shows netspec at work, `make test` tests it; both put what they need into .venv here.
# Another Python: make demo PYTHON=python3.13

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# Tests run in this many processes, each with one thread.
JOBS   ?= 2
# Another torch than the tested one: make test TORCH='torch==2.12.* torchvision==0.27.*'
TORCH  ?=
COMMA  := ,
ROOMS  ?= ops analysis expanding engine
SAMPLE ?= 100
SEED   ?= 0
PIP    := $(BIN)/python -m pip install --disable-pip-version-check
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

# The versions with which everything was tested; where that torch cannot be had, the newest that fits.
TESTED = $(PIP) -c constraints.txt -e '.[$(1)]'
LOOSE  = $(PIP) -c $(VENV)/constraints.txt -e '.[$(1)]' $(TORCH)
define install
	@echo "installing into $(VENV); torch is large, the first time takes some minutes"
	@grep -vE '^torch(vision)?==' constraints.txt > $(VENV)/constraints.txt
	@$(if $(TORCH),$(call LOOSE,$(1)),$(call TESTED,$(1)) || { \
	  echo "the tested torch could not be installed: installing the newest that fits"; \
	  $(call LOOSE,$(1)); })
endef

.PHONY: help demo test pytest test-oldest soak bench mutants docs clean

help:
	@echo "make demo   install, check every spec, train a small network on handwritten digits"
	@echo "make test   install what tests need, then ruff, mypy and every test"
	@echo "make test-oldest  every test with the oldest torch that is supported, in .venv-oldest"
	@echo "make soak   the long tests: full counts of random networks and of killed runs"
	@echo "make bench  measure, and print; benchmarks/RESULTS.md keeps what was measured where"
	@echo "make mutants  change the code by chance, and count how many changes the tests see"
	@echo "make docs   draw the pictures and write the pages that are made from the specs"
	@echo "make clean  remove .venv and caches"

demo: $(VENV)/installed
	$(BIN)/netspec check specs
	$(BIN)/netspec summary specs/resnet-digits.yaml
	@# threads that wait asleep, and not spinning, keep their speed where the cores are shared
	OMP_WAIT_POLICY=PASSIVE $(BIN)/netspec train specs/resnet-digits.yaml

test: $(VENV)/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) pytest

pytest: $(VENV)/installed-for-tests
	$(PYTEST) -m "not soak"

# Types are checked as the tested torch declares them; an older one declares fewer.
test-oldest:
	$(MAKE) pytest VENV=.venv-oldest TORCH='torch==2.11.* torchvision==0.26.*'

soak: $(VENV)/installed-for-tests
	$(PYTEST) -m soak
	NETSPEC_RANDOM_OPS=200000 $(PYTEST) tests/test_ops_random.py tests/test_ops_run.py
	NETSPEC_FUZZ=1000000 $(PYTEST) -s tests/test_hostile.py -k drawn_specs
	NETSPEC_RANDOM_RECIPES=10000 $(PYTEST) tests/train/test_random_recipes.py
	NETSPEC_RANDOM_COMMANDS=10000 $(PYTEST) tests/train/test_random_commands.py

# The input path is measured on a folder of images, `train/<class>` and `test/<class>`:
# make bench IMAGES=folder
bench: $(VENV)/installed-for-tests
	$(BIN)/python benchmarks/check.py
	$(BIN)/python benchmarks/zoo.py
	$(BIN)/python benchmarks/compiled_module.py
	$(BIN)/python benchmarks/train_step.py
	$(if $(IMAGES),$(BIN)/python benchmarks/input_path.py $(IMAGES))

# Would the tests see a mistake? make mutants ROOMS=ops SAMPLE=200 SEED=1
mutants: $(VENV)/installed-for-tests
	$(PIP) -c $(VENV)/constraints.txt -e '.[mutants]'
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/mutants.py $(ROOMS) --sample $(SAMPLE) --seed $(SEED) \
	  --jobs $(JOBS)

docs: $(VENV)/installed-for-tests
	$(BIN)/python docs/draw_pictures.py
	$(BIN)/python docs/write_zoo.py
	$(BIN)/python docs/write_recipe.py

clean:
	rm -rf $(VENV) .venv-oldest build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "netspec needs Python 3.11 or newer: make PYTHON=python3.13 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(BIN)/python pyproject.toml constraints.txt
	$(call install,digits)
	@touch $@

$(VENV)/installed-for-tests: $(BIN)/python pyproject.toml constraints.txt
	$(call install,digits$(COMMA)tensorboard$(COMMA)test)
	@touch $@ $(VENV)/installed
