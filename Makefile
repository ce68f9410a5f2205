# `make demo`, `make demo-chat`, `make demo-paint` and `make test` do all the set-up that a fresh machine needs. The
# environment is made in $(VENV) once, and brought up to date when pyproject.toml or constraints.txt changes. For GNU make
# 3.81, which macOS has, and later.

VENV = .venv
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt

# The first Python of at least 3.11 under its usual names; `make demo PYTHON=…` names another.
PYTHON = $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

# glibc gives large blocks back to the system and asks for them anew in every step; the demos keep them by themselves.
KEEP_MEMORY = MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=1073741824

.PHONY: help demo demo-chat demo-paint test check format bench python

help:
	@echo "make demo       captions find emoji: the experiment from nothing to runs/demo/report.html"
	@echo "make demo-chat  shapes described in ten languages: from nothing to runs/demo-chat/report.html"
	@echo "make demo-paint shapes painted from ten languages: from nothing to runs/demo-paint/report.html"
	@echo "make test       the tests"
	@echo "make check      style, types and spelling"
	@echo "make format     the style, applied"
	@echo "make bench      training steps against a plain PyTorch loop"

demo: $(VENV)/.runtime
	@sh .ci/debian fonts-noto-color-emoji
	$(BIN)/isogloss demo --folder runs/demo

demo-chat: $(VENV)/.chat
	$(BIN)/isogloss demo-chat --folder runs/demo-chat

demo-paint: $(VENV)/.runtime
	$(BIN)/isogloss demo-paint --folder runs/demo-paint

test: $(VENV)/.development
	@sh .ci/debian fonts-noto-color-emoji fonts-noto-core fonts-noto-cjk apertium apertium-eng-spa apertium-eng-cat apertium-en-gl
	OMP_NUM_THREADS=1 ISOGLOSS_CHROMIUM="$$(sh .ci/browser $(BIN))" $(BIN)/python -m pytest --numprocesses 2

check: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/codespell

format: $(VENV)/.development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.runtime
	@sh .ci/debian fonts-noto-color-emoji
	$(KEEP_MEMORY) $(BIN)/python bench/train_step.py

$(VENV)/.runtime: pyproject.toml constraints.txt | $(BIN)/pip
	$(INSTALL) --editable .
	@touch $@

# What measures replies, beside the runtime.
$(VENV)/.chat: $(VENV)/.runtime
	$(INSTALL) --editable ".[chat]"
	@touch $@

$(VENV)/.development: $(VENV)/.runtime
	$(INSTALL) "pip>=25.1"
	$(INSTALL) --group dev
	@touch $@

$(BIN)/pip: | python
	@test -n "$(PYTHON)" || { echo "isogloss needs Python 3.11 or later: install it, or name it with make PYTHON=…"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Debian keeps what makes environments in a package of its own.
python:
	@test -e $(BIN)/pip || $(or $(PYTHON),python3) -c 'import ensurepip' 2>/dev/null || sh .ci/debian python3 python3-venv
