# Two commands for a newcomer: `make demo` and `make test`. Both do all their set-up themselves.

PYTHON ?= python3
VENV := .venv
CARGO ?= cargo
FUZZ_SECONDS ?= 30

.PHONY: demo test lint rust-test real fuzz bench bench-peers schema clean

demo: ## build, simulate a small season, run it, say where to look next
	$(CARGO) build --release --locked --bin refrain
	./target/release/refrain demo --out demo

test: lint rust-test real ## everything that is tested
	@echo "all tests passed"

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked --features refrain-cli/embed -- -D warnings

rust-test:
	$(CARGO) test --workspace --locked --features refrain-cli/embed

# Real exports, and DuckDB, Polars and pandas over every table. Needs the release binary and a venv.
real: $(VENV)/.ready
	$(CARGO) build --release --locked --bin refrain
	$(VENV)/bin/python tests/readers.py --refrain ./target/release/refrain
	$(VENV)/bin/python tests/real.py --refrain ./target/release/refrain

$(VENV)/.ready: tests/requirements.txt
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq python3-venv; \
	  else echo "error: python3 lacks the venv module"; echo "hint: install python3-venv"; exit 1; fi; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

# RUSTC_BOOTSTRAP: coverage flags are unstable, the toolchain is not. No sanitizer: refrain itself has no `unsafe`.
fuzz: export RUSTC_BOOTSTRAP := 1
fuzz: ## every parser of foreign input, FUZZ_SECONDS each; what crashes one is kept in tests/fuzz/artifacts
	@command -v cargo-fuzz >/dev/null || $(CARGO) install cargo-fuzz --locked
	$(CARGO) fuzz build --fuzz-dir tests/fuzz --sanitizer none
	@set -e; for target in $$($(CARGO) fuzz list --fuzz-dir tests/fuzz); do \
	  echo "fuzz $$target"; mkdir -p tests/fuzz/corpus/$$target; \
	  $(CARGO) fuzz run --fuzz-dir tests/fuzz --sanitizer none $$target \
	    tests/fuzz/corpus/$$target tests/fuzz/seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1; \
	done

bench: ## kernels over the starter corpus
	$(CARGO) bench --locked -p refrain-cli --bench kernels

# Needs the development data in ../shared; peers are installed into the venv.
bench-peers: $(VENV)/.ready ## models and rules beside what users would take instead, one sitting
	$(CARGO) build --release --locked --bin refrain
	$(CARGO) build --release --locked -p refrain-tag --example keywords
	$(VENV)/bin/pip install --quiet --disable-pip-version-check scikit-learn hyperscan
	$(VENV)/bin/python benches/labels.py --work target/bench
	$(VENV)/bin/python benches/keywords.py --work target/bench

schema: ## regenerate docs/schema.md
	mkdir -p docs
	$(CARGO) run --quiet --release --locked --bin refrain -- schema > docs/schema.md

clean:
	rm -rf target demo $(VENV) tests/fuzz/target
