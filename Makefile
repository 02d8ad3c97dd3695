# Every target may be run again at any time; what is done already is skipped.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
# The stamps carry a checksum of pyproject.toml: a change of the requirements installs again, a fresh clone does not.
REQUIREMENTS := $(shell cksum pyproject.toml | cut -d ' ' -f 1)
PROGRAM := $(VENV)/.program-$(REQUIREMENTS)
TOOLS := $(VENV)/.tools-$(REQUIREMENTS)
# Generators of clients, which tests run: npm's, and those of Python in an environment of their own.
CLIENTS := tests/graphql/tools tests/rest/tools
CLIENT_LISTS := $(CLIENTS:%=%/package-lock.json) $(CLIENTS:%=%/requirements.txt)
CLIENT_TOOLS := $(VENV)/.client-tools-$(shell cat $(CLIENT_LISTS) | cksum | cut -d ' ' -f 1)
# What browsers need, and the translations: npm builds the one, Babel the other, into the package; neither is committed.
PAGES := src/threescore/web
ASSETS := $(VENV)/.assets-$(shell find frontend -type f -not -path '*/node_modules/*' -exec cksum {} + 2>/dev/null | sort -k 3 | cksum | cut -d ' ' -f 1)
WORDS := $(VENV)/.words-$(shell cat $(PAGES)/locale/*/LC_MESSAGES/*.po 2>/dev/null | cksum | cut -d ' ' -f 1)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
# A file is one process's: what its tests share is made once. tests/conftest.py says which files come first.
PYTEST_ARGS ?= -n auto --dist loadfile --no-loadscope-reorder

.PHONY: help setup run assets messages test lint format bench check

help:
	@echo 'make setup   prepare .venv with the program and the tools to work on it'
	@echo 'make run     install what is needed and serve on http://127.0.0.1:3000'
	@echo 'make assets  build what browsers need, where it changed (Node 20 or later)'
	@echo 'make messages  put new texts of the pages into the translations, to be translated'
	@echo 'make test    run the tests (PYTEST_ARGS="-n 0 -k name" to choose)'
	@echo 'make lint    ruff, mypy and the direction of imports'
	@echo 'make format  let ruff put the code in order'
	@echo 'make check   lint and test, as CI does'
	@echo 'make bench   measure the server against pgbench and a minimal application'

setup: $(TOOLS) $(CLIENT_TOOLS) assets

run: $(PROGRAM)
	@$(MAKE) --no-print-directory assets || echo 'Without them, the APIs are served and the pages say what is missing.'
	@exec $(BIN)/threescore serve

assets: $(ASSETS) $(WORDS) ; @:

messages: $(TOOLS)
	@$(BIN)/python scripts/messages extract

test: $(TOOLS) $(CLIENT_TOOLS) assets
	@scripts/get-chromium
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(TOOLS)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(TOOLS)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

check: lint test

bench: $(TOOLS)
	$(BIN)/python -m bench

$(PROGRAM):
	@echo 'Preparing $(VENV); the first time this takes about a minute.'
	@scripts/make-venv $(VENV)
	@$(PIP) --editable .
	@rm -f $(VENV)/.program-*
	@touch $@

$(TOOLS): $(PROGRAM)
	@$(PIP) --editable '.[dev]'
	@rm -f $(VENV)/.tools-*
	@touch $@

$(CLIENT_TOOLS): $(PROGRAM)
	@scripts/make-venv $(VENV)/generators
	@$(VENV)/generators/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
	    $(CLIENTS:%=--requirement %/requirements.txt)
	@for tools in $(CLIENTS); do (cd $$tools && npm ci --silent) || exit; done
	@rm -f $(VENV)/.client-tools-*
	@touch $@

$(ASSETS): $(PROGRAM)
	@scripts/build-assets
	@rm -f $(VENV)/.assets-*
	@touch $@

# Babel is wanted by those who build, not by those who serve.
$(WORDS): $(PROGRAM)
	@$(BIN)/python -c 'import babel' 2>/dev/null || $(PIP) --editable '.[build]'
	@$(BIN)/python scripts/messages compile
	@rm -f $(VENV)/.words-*
	@touch $@
