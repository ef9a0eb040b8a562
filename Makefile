# govdata. `make run` and `make test` are all that a newcomer needs.

# DuckDB's Go driver keeps its Arrow interface behind this tag.
TAGS  := duckdb_arrow
GO    ?= go
DATA  ?= data
ADDR  ?= :8080
ROWS  ?= 1000000
FUZZ  ?= 10s
FAULTS ?= 500

export GOFLAGS := $(GOFLAGS) -tags=$(TAGS)
export CGO_ENABLED := 1

.PHONY: run build test test-clients test-long test-faults check format bench fuzz golden clean help tools

## run: build, ingest the bundled samples, serve on http://localhost:8080
run: build
	./bin/govdata demo --data $(DATA)
	@echo "govdata: serving on http://localhost$(ADDR), stop with Ctrl-C"
	./bin/govdata serve --data $(DATA) --addr $(ADDR)

## build: make bin/govdata
build: tools
	$(GO) build -o bin/govdata ./cmd/govdata

## test: every test; with CI=true none may be skipped
test: build
	GOVDATA_TEST_BINARY=$(CURDIR)/bin/govdata $(GO) test -timeout 40m ./...

## test-clients: other people's clients against the running server, in a Python environment made for it
test-clients: build
	GOVDATA_TEST_PYTHON="$$(.ci/python)" GOVDATA_TEST_NODE_MODULES="$$(.ci/node)" GOVDATA_TEST_BINARY=$(CURDIR)/bin/govdata CI=true $(GO) test -timeout 40m -count=1 -v -run '^TestClient|^TestPython' ./cmd/govdata

## test-long: a thousand kills of a publish, and hours' worth of generated hostile queries
test-long: build
	GOVDATA_TEST_LONG=30m GOVDATA_TEST_BINARY=$(CURDIR)/bin/govdata $(GO) test -timeout 3h -count=1 -v -run 'Killed|Generated' ./cmd/govdata ./server/query

## test-faults: system calls of what changes a data directory fail, are cut short or are the last of their process (FAULTS=500)
test-faults: build
	GOVDATA_FAULTS=$(FAULTS) GOVDATA_TEST_BINARY=$(CURDIR)/bin/govdata CI=true $(GO) test -timeout 5h -count=1 -v -run '^TestFaults$$' ./cmd/govdata

## check: gofmt, vet, staticcheck, govulncheck, race tests
check: format
	$(GO) tool staticcheck ./...
	@$(GO) tool govulncheck ./... || { status=$$?; \
		if [ $$status -eq 3 ]; then exit 3; fi; \
		echo "govulncheck: DID NOT RUN (status $$status): the vulnerability database is out of reach from here"; }
	$(GO) test -race -short -timeout 30m ./catalog/... ./ingest/... ./export/... ./server/...

format: tools
	@unformatted=$$(gofmt -l catalog cmd datasets export ingest server); \
		if [ -n "$$unformatted" ]; then echo "gofmt: run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...

## bench: the figures of the README, each against its yardstick in the same run (ROWS=1000000)
bench: tools
	GOVDATA_BENCH_ROWS=$(ROWS) $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 60m ./ingest ./ingest/layout ./export ./cmd/govdata

## fuzz: every fuzz target for FUZZ=10s
fuzz: tools
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZ) -fuzzminimizetime 2s $$pkg; \
		done; \
	done

## golden: write the synthetic samples and the README's table of datasets anew
golden: tools
	$(GO) test ./datasets/synthetic -run Samples -update
	$(GO) test ./datasets -run Readme -update

## clean: remove what was built; data stays
clean:
	rm -rf bin

## help: this list
help:
	@grep -hE '^## ' $(MAKEFILE_LIST) | sed 's/^## /  make /'

tools:
	@command -v $(GO) >/dev/null || { echo "govdata needs Go 1.26 or newer: https://go.dev/dl/" >&2; exit 1; }
	@command -v $${CC:-cc} >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null || \
		{ echo "govdata needs a C compiler (DuckDB is C++): install gcc and g++, or clang" >&2; exit 1; }
	@command -v $${CXX:-c++} >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || \
		{ echo "govdata needs a C++ compiler and library (DuckDB is C++): install g++, or clang" >&2; exit 1; }
