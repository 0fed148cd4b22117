# tests.mk - what `make check` runs: everything once on the release build, then unit and memory
# tests and the service once more under ASAN and UBSan (leaks fail there). Included by the Makefile.
CHECKS  := $(UNITS) $(MEMORY)
RESULTS := build/results
export ASAN_OPTIONS  := detect_leaks=1:abort_on_error=0:exitcode=99
export UBSAN_OPTIONS := print_stacktrace=1:halt_on_error=1
# A test that hangs ends; one on a busy machine may take its time.
export CK_DEFAULT_TIMEOUT := 60
# A child that Check forks is a test of its own, and so has its own look for leaks.

check: deps
	@$(MAKE) --no-print-directory -s MODE=release test-programs
	@$(MAKE) --no-print-directory -s MODE=asan test-programs
	@rm -rf $(RESULTS)
	@$(MAKE) --no-print-directory -s MODE=release run-tests
	@$(MAKE) --no-print-directory -s MODE=asan run-tests
	@tests/total.sh $(RESULTS)/*/totals

# One mode alone, as `coverage` needs it.
check-once: test-programs
	@rm -rf $(RESULTS)/$(MODE)
	@$(MAKE) --no-print-directory -s run-tests
	@tests/total.sh $(RESULTS)/$(MODE)/totals

# What tests/interop compares with node, besides the tools.
COMPARED := $(addprefix $(O)/tests/interop/,x509_dump inside order)
compared: $(COMPARED)

test-programs: build examples $(O)/bench/store $(COMPARED) $(CHECKS)
# The longest first, so that none is left alone at the end.
run-tests:
	@tests/check.sh $(RESULTS)/$(MODE) 'REPRISE=$(O)/reprise node tests/e2e/run.js' \
	  'BUILD=$(O) node tests/interop/run.js' $(CHECKS)

# The same scenarios on node and on us, in four pairings; by themselves.
interop: deps
	@$(MAKE) --no-print-directory -s MODE=release build examples compared
	@node tests/interop/run.js $(SCENARIO)

.PHONY: check check-once compared interop test-programs run-tests
