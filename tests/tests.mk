# tests.mk - what `make check` runs: everything once on the release build, then unit and memory
# tests and the service once more under ASAN and UBSan (leaks fail there). Included by the Makefile.
CHECKS  := $(UNITS) $(MEMORY)
RESULTS := build/results
export ASAN_OPTIONS  := detect_leaks=1:abort_on_error=0:exitcode=99
export UBSAN_OPTIONS := print_stacktrace=1:halt_on_error=1
# A test that hangs ends; one on a busy machine may take its time.
export CK_DEFAULT_TIMEOUT := 60
# A child that Check forks is a test of its own, and so has its own look for leaks.

# What is run of a build; what waits most comes first, so that it is not alone at the end.
tests_of = 'REPRISE=build/$(1)/reprise node tests/e2e/run.js' 'BUILD=build/$(1) node tests/interop/run.js'
units_of = $(patsubst $(O)/%,build/$(1)/%,$(CHECKS))

check: deps
	@MAKE='$(MAKE)' MODE=release contrib/compile.sh test-programs
	@MAKE='$(MAKE)' MODE=asan contrib/compile.sh test-programs
	@rm -rf $(RESULTS)
	@MAKEFLAGS= tests/check.sh $(RESULTS) $(call tests_of,release) $(call tests_of,asan) \
	  $(call units_of,asan) $(call units_of,release)
	@tests/total.sh $(RESULTS)/totals

# One mode alone, as `coverage` needs it.
check-once: test-programs
	@rm -rf $(RESULTS)
	@MAKEFLAGS= tests/check.sh $(RESULTS) $(call tests_of,$(MODE)) $(CHECKS)
	@tests/total.sh $(RESULTS)/totals

# What tests/interop compares with node, besides the tools.
COMPARED := $(addprefix $(O)/tests/interop/,x509_dump inside order)
compared: $(COMPARED)

test-programs: build examples $(O)/bench/store $(COMPARED) $(CHECKS)

# The same commands in a root of Debian 13 that debootstrap makes; needs root.
check-debian13:
	@tests/debian13.sh

# The same scenarios on node and on us, in four pairings; by themselves.
interop: deps
	@$(MAKE) --no-print-directory -s MODE=release build examples compared
	@node tests/interop/run.js $(SCENARIO)

.PHONY: check check-debian13 check-once compared interop test-programs
