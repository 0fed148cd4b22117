# One door to everything: deps, build, run, check, bench, fuzz, install.
#   make run     installs what is missing, builds, makes a demo certificate, starts the service
#   make check   installs what is missing, runs every test
# Objects of each MODE (release, asan, cov) live in a directory of their own and never mix.
MODE       ?= release
VERSION    := 0.1.0
ABI        := 0
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
DATADIR    ?= $(PREFIX)/share
O          := build/$(MODE)
CC         ?= cc
CXX        ?= c++
CLANG      ?= clang

# On all cores, unless the user says how many; several goals one after the other.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS))$(word 2,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

PKGS := openssl libconfuse jansson lmdb hiredis libmicrohttpd
WARN := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wundef -Wcast-qual -Wstrict-prototypes \
        -Wmissing-prototypes -Wpointer-arith -Werror=implicit-function-declaration
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIC
FLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
                 -fno-omit-frame-pointer -fPIC
FLAGS_cov     := -O0 -g --coverage -fPIC -DRP_COVERAGE
LINK_release  := -pie -Wl,-z,relro,-z,now

# The rest of the Makefile is read anew once `deps` has put pkg-config in place.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS)) -lev
CHECK_LIBS = $(shell pkg-config --libs check)
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -I. -Ilib/include -DRP_VERSION='"$(VERSION)"' $(WARN) \
             $(FLAGS_$(MODE)) $(CPPFLAGS) $(CFLAGS)
LDFLAGS_ALL = $(FLAGS_$(MODE)) $(LINK_$(MODE)) $(LDFLAGS)

# All sources of a folder and its sub-folders; their objects.
sources = $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*/*.c,$(1)) $(addsuffix /*/*/*.c,$(1)))
objects = $(patsubst %.c,$(O)/%.o,$(call sources,$(1)))
LIB     := $(O)/libreprise.a
SHARED  := $(O)/libreprise.so.$(VERSION)
PARTS   := $(O)/parts.a
PROGRAM := $(O)/reprise
LOADER  := $(O)/reprise-load
TOOLS   := $(O)/reprise-connect $(O)/reprise-serve
EXAMPLES := $(patsubst contrib/%.c,$(O)/%,$(wildcard contrib/examples/*.c)) \
            $(patsubst contrib/%.cc,$(O)/%_cc,$(wildcard contrib/examples/*.cc))
UNITS   := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*/*.c))
MEMORY  := $(patsubst %.c,$(O)/%,$(wildcard tests/memory/*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

# `make V=1` shows the commands, `make -s` nothing.
Q := $(if $(V),,@)
say = @$(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '  %-5s %s\n' $(1) '$(2)')

all: build
build: $(PROGRAM) $(LOADER) $(TOOLS) $(SHARED)

# --- what the machine must have -----------------------------------------------------------------
BUILD_DEPS := gcc make pkg-config libssl-dev libev-dev libhiredis-dev liblmdb-dev libconfuse-dev \
              libjansson-dev libmicrohttpd-dev openssl
TEST_DEPS  := check g++ curl nodejs redis-server faketime strace procps nginx haproxy
BENCH_DEPS := nginx libnginx-mod-stream haproxy hitch stunnel4 nodejs redis-server strace valgrind \
              procps util-linux
DEB_DEPS   := debhelper dpkg-dev fakeroot lintian git
CARE_DEPS  := clang clang-format clang-tidy cppcheck gcovr mandoc
deps:
	@contrib/deps.sh $(BUILD_DEPS) $(TEST_DEPS)
build-deps:
	@contrib/deps.sh $(BUILD_DEPS) curl
care-deps: deps
	@contrib/deps.sh $(CARE_DEPS)

# --- building -----------------------------------------------------------------------------------
$(LIB): $(call objects,lib)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) qcs $@ $^

# Everything but main(), so that tests can have it.
$(PARTS): $(filter-out $(O)/master/main.o,$(call objects,cache conf worker master))
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) qcs $@ $^

$(PROGRAM): $(O)/master/main.o $(PARTS) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(LDLIBS)

# The tools see the public headers of the library only.
LOADER_PARTS := $(filter-out $(O)/contrib/load/main.o,$(call objects,contrib/load)) \
  $(addprefix $(O)/contrib/tools/,tool_io.o tool_flags.o)
$(LOADER): $(O)/contrib/load/main.o $(LOADER_PARTS) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -ljansson -lssl -lcrypto -lev -lm $(LDLIBS)

TOOL_PARTS := $(patsubst %.c,$(O)/%.o,$(wildcard contrib/tools/tool_*.c))
$(O)/reprise-connect: $(addprefix $(O)/contrib/tools/,connect.o connect_flags.o starttls.o) $(TOOL_PARTS) $(LIB)
$(O)/reprise-serve: $(addprefix $(O)/contrib/tools/,serve.o serve_early.o serve_flags.o serve_psk.o serve_sessions.o) $(TOOL_PARTS) $(LIB)
$(TOOLS):
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -ljansson -lssl -lcrypto -lev $(LDLIBS)

# The examples are built as a reader would build them.
examples: $(EXAMPLES)
$(O)/examples/%: contrib/examples/%.c contrib/examples/example.h $(LIB)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) -std=c11 -Wall -Wextra -Werror -Ilib/include $(FLAGS_$(MODE)) $(LINK_$(MODE)) -o $@ $< \
	  $(LIB) -lssl -lcrypto -lev $(LDLIBS)
$(O)/examples/%_cc: contrib/examples/%.cc $(LIB)
	@mkdir -p $(@D)
	$(call say,CXX,$@)
	$(Q)$(CXX) -std=c++17 -Wall -Wextra -Wpedantic -Werror -Ilib/include $(FLAGS_$(MODE)) $(LINK_$(MODE)) -o $@ $< \
	  $(LIB) -lssl -lcrypto -lev $(LDLIBS)

# The shared library exports what the public headers declare, and nothing else, each name with the
# version of the interface.
$(O)/libreprise.map: $(wildcard lib/include/reprise/*.h) contrib/exports.sh Makefile
	@mkdir -p $(@D)
	$(Q)contrib/exports.sh REPRISE_$(basename $(VERSION)) $(wildcard lib/include/reprise/*.h) > $@.new && mv $@.new $@
$(SHARED): $(LIB) $(O)/libreprise.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(FLAGS_$(MODE)) $(LDFLAGS) -shared -Wl,-soname,libreprise.so.$(ABI) -Wl,-z,relro,-z,now \
	  -Wl,--version-script=$(O)/libreprise.map -o $@ -Wl,--whole-archive $(LIB) \
	  -Wl,--no-whole-archive -lssl -lcrypto -lev $(LDLIBS)
	@ln -sf $(@F) $(O)/libreprise.so.$(ABI)
	@ln -sf $(@F) $(O)/libreprise.so

$(O)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Every tests/unit/FOLDER/NAME.c is a program of its own.
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(PARTS) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CHECK_LIBS) $(PKG_LIBS) -lm $(LDLIBS)
$(filter $(O)/tests/unit/load/%,$(UNITS)): $(LOADER_PARTS)
$(O)/tests/unit/tls/nulls: $(SHARED)
# So is every tests/memory/NAME.c; these decide which allocation fails: malloc and its kin are
# wrapped.
$(O)/tests/memory/%: $(O)/tests/memory/%.o $(PARTS) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup -o $@ $^ \
	  $(CHECK_LIBS) $(PKG_LIBS) $(LDLIBS)

# Programs that tests/interop/*.js compare with node.
$(O)/tests/interop/%: $(O)/tests/interop/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lssl -lcrypto -lev $(LDLIBS)

# --- running ------------------------------------------------------------------------------------
run: build-deps
	@MAKE='$(MAKE)' contrib/compile.sh $(PROGRAM)
	@contrib/demo.sh $(PROGRAM)

install: build
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/reprise \
	  $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man3 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man8 \
	  $(DESTDIR)$(SYSCONFDIR)/reprise $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR)
	install -m 755 $(PROGRAM) $(DESTDIR)$(BINDIR)/reprise
	install -m 755 $(LOADER) $(TOOLS) $(DESTDIR)$(BINDIR)
	install -m 644 $(LIB) $(DESTDIR)$(LIBDIR)/libreprise.a
	install -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/$(notdir $(SHARED))
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/libreprise.so.$(ABI)
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/libreprise.so
	install -m 644 lib/include/reprise/*.h $(DESTDIR)$(INCLUDEDIR)/reprise
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	  -e 's|@VERSION@|$(VERSION)|' lib/libreprise.pc.in \
	  > $(DESTDIR)$(LIBDIR)/pkgconfig/libreprise.pc
	sed -e 's|/usr/local/bin|$(BINDIR)|' contrib/systemd/reprise.service > $(DESTDIR)$(UNITDIR)/reprise.service
	install -m 644 contrib/systemd/reprise.sysusers $(DESTDIR)$(SYSUSERSDIR)/reprise.conf
	install -D -m 644 contrib/completion/reprise.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/reprise
	for name in reprise-load reprise-connect reprise-serve; do \
	  ln -sf reprise $(DESTDIR)$(DATADIR)/bash-completion/completions/$$name; done
	install -D -m 644 contrib/completion/reprise.zsh $(DESTDIR)$(DATADIR)/zsh/vendor-completions/_reprise
	install -D -m 644 contrib/completion/reprise.fish $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/reprise.fish
	install -m 644 contrib/tools/*.1 contrib/load/*.1 $(DESTDIR)$(MANDIR)/man1
	install -m 644 lib/libreprise.3 $(DESTDIR)$(MANDIR)/man3
	install -m 644 conf/reprise.conf.5 $(DESTDIR)$(MANDIR)/man5
	install -m 644 master/reprise.8 $(DESTDIR)$(MANDIR)/man8
	test -e $(DESTDIR)$(SYSCONFDIR)/reprise/reprise.conf || \
	  install -m 644 conf/reprise.conf $(DESTDIR)$(SYSCONFDIR)/reprise/reprise.conf

# What install has put there, but for the configuration, which is the operator's.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(notdir $(PROGRAM) $(LOADER) $(TOOLS))) \
	  $(addprefix $(DESTDIR)$(LIBDIR)/,libreprise.a $(notdir $(SHARED)) libreprise.so.$(ABI) libreprise.so \
	  pkgconfig/libreprise.pc) $(DESTDIR)$(UNITDIR)/reprise.service $(DESTDIR)$(SYSUSERSDIR)/reprise.conf \
	  $(addprefix $(DESTDIR)$(DATADIR)/bash-completion/completions/,reprise reprise-load reprise-connect reprise-serve) \
	  $(DESTDIR)$(DATADIR)/zsh/vendor-completions/_reprise $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/reprise.fish \
	  $(addprefix $(DESTDIR)$(MANDIR)/,$(addprefix man1/,$(notdir $(wildcard contrib/*/*.1))) \
	  man3/libreprise.3 man5/reprise.conf.5 man8/reprise.8)
	rm -rf $(DESTDIR)$(INCLUDEDIR)/reprise

# Debian packages of what is committed: build/deb/*.deb.
deb:
	@contrib/deps.sh $(BUILD_DEPS) $(DEB_DEPS)
	@contrib/deb.sh $(VERSION)
# A tarball of what is committed: build/reprise-VERSION.tar.gz.
dist:
	@mkdir -p build
	git archive --format=tar.gz --prefix=reprise-$(VERSION)/ -o build/reprise-$(VERSION).tar.gz HEAD

# --- testing and care ---------------------------------------------------------------------------
unit: $(UNITS)
memory: $(MEMORY)
-include tests/tests.mk

# Server CPU and system calls a connection beside other servers. BENCH='--rounds 3 --only a,c'
bench: deps
	@contrib/deps.sh $(BENCH_DEPS)
	@$(MAKE) --no-print-directory -s MODE=release build bench-programs
	@node tests/bench/run.js $(BENCH)
# What grows with the number of connections and certificates. SCALE='--idle 20000 --only idle'
bench-scale: deps
	@contrib/deps.sh $(BENCH_DEPS)
	@$(MAKE) --no-print-directory -s MODE=release build bench-programs
	@node tests/bench/scale.js $(SCALE)
bench-programs: $(addprefix $(O)/bench/,backend floor client make_certs)
# What stores cost and bear: lookups, handshakes, sessions a GB, and load; against a real Redis.
bench-store: deps
	@$(MAKE) --no-print-directory -s MODE=release build build/release/bench/store
	@node tests/bench/store.js $(BENCH)
$(O)/bench/store: tests/bench/store.c $(PARTS) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(LDLIBS)
$(O)/bench/%: tests/bench/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< -lssl -lcrypto

# T=seconds for each fuzzer. Seeds are committed, finds land in build/corpus.
fuzz: $(FUZZERS)
	@for f in $^; do name=$${f##*/fuzz_}; mkdir -p build/corpus/$$name; \
	  echo "== fuzz_$$name"; \
	  $$f -max_total_time=$${T:-60} -print_final_stats=1 build/corpus/$$name \
	    tests/fuzz/corpus/$$name || exit 1; done
build/fuzz/%: tests/fuzz/%.c $(call sources,lib cache conf worker) $(wildcard $(addsuffix /*.h,lib/* lib/*/* cache cache/* conf worker worker/*))
	@mkdir -p $(@D)
	$(CLANG) -std=c11 -D_GNU_SOURCE -I. -Ilib/include -DRP_VERSION='"$(VERSION)"' -g -O1 \
	  -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $(filter %.c,$^) $(PKG_LIBS)

coverage: care-deps
	$(MAKE) --no-print-directory MODE=cov check-once
	gcovr -r . --object-directory build/cov --exclude tests --exclude contrib --fail-under-line 85

analyze: care-deps
	cppcheck -q --enable=warning,portability --inline-suppr --error-exitcode=1 --std=c11 \
	  --suppressions-list=tests/cppcheck.suppress -DOPENSSL_VERSION_NUMBER=0x30000000L \
	  -D_GNU_SOURCE -I. -Ilib/include lib cache conf worker master
	clang-tidy --quiet --warnings-as-errors='*' $(call sources,lib cache conf worker master) -- \
	  -std=c11 -D_GNU_SOURCE -I. -Ilib/include -DRP_VERSION='"$(VERSION)"'

format:
	clang-format -i $$(git ls-files '*.[ch]' '*.cc')
lint:
	tests/lint.sh $(O)

# Every text of the program that a person may read, one a line, for review.
messages:
	@node tests/messages.js

clean:
	rm -rf build

.PHONY: all build examples deps build-deps care-deps run install undeb dist install unit memory fuzz coverage analyze format \
        bench bench-programs bench-scale bench-store \
        lint messages clean
.SECONDARY:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
