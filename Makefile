# One door to everything: deps, build, run, check, bench, fuzz, install.
# Objects of each MODE (release, asan, cov) live in a directory of their own.
MODE    ?= release
VERSION := 0.1.0
PREFIX  ?= /usr/local
O       := build/$(MODE)
CC      ?= cc

PKGS  := openssl libconfuse jansson hiredis lmdb libseccomp
WARN  := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wundef -Wcast-qual -Wstrict-prototypes \
         -Wmissing-prototypes -Wpointer-arith -Werror=implicit-function-declaration
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
FLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_cov     := -O0 -g --coverage
LINK_release  := -pie -Wl,-z,relro,-z,now
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -I. -Ilib/include -DRP_VERSION='"$(VERSION)"' $(WARN) \
             $(FLAGS_$(MODE)) $(PKG_CFLAGS) $(CFLAGS)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDLIBS_ALL  = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lev -lm $(LDLIBS)
LDFLAGS_ALL = $(FLAGS_$(MODE)) $(LINK_$(MODE)) $(LDFLAGS)

sources  = $(wildcard $(addsuffix /*.c,$(1)))
objects  = $(patsubst %.c,$(O)/%.o,$(call sources,$(1)))
LIB     := $(O)/libreprise.a
PROGRAM := $(O)/reprise
PARTS   := cache conf worker
UNITS   := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*.c))
MEMORY  := $(patsubst %.c,$(O)/%,$(wildcard tests/memory/*.c))

all: build
build: $(PROGRAM)

# --- what the machine must have -----------------------------------------------------------------
DEPS := gcc make pkg-config libssl-dev libev-dev libhiredis-dev liblmdb-dev libconfuse-dev \
        libjansson-dev libseccomp-dev check openssl redis-server curl nodejs strace mandoc python3
deps:
	@contrib/deps.sh $(DEPS)

# --- building -----------------------------------------------------------------------------------
$(LIB): $(call objects,lib/base lib/net lib/tls lib/cluster)
	@rm -f $@
	$(AR) rcs $@ $^

$(O)/parts.a: $(call objects,$(PARTS))
	@rm -f $@
	$(AR) rcs $@ $^

$(PROGRAM): $(call objects,master) $(O)/parts.a $(LIB)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(O)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Every tests/unit/NAME.c is a program of its own.
$(O)/tests/unit/%: $(O)/tests/unit/%.o $(O)/parts.a $(LIB)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(shell pkg-config --libs check) $(LDLIBS_ALL)
# The memory tests decide which allocation fails: malloc and its kin are wrapped.
$(O)/tests/memory/%: $(O)/tests/memory/%.o $(O)/parts.a $(LIB)
	$(CC) $(LDFLAGS_ALL) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup -o $@ $^ \
	  $(shell pkg-config --libs check) $(LDLIBS_ALL)

# --- testing ------------------------------------------------------------------------------------
unit: $(UNITS)
memory: $(MEMORY)

format:
	clang-format -i $$(git ls-files '*.[ch]')
clean:
	rm -rf build

.PHONY: all build deps unit memory format clean
.SECONDARY:
-include $(shell find $(O) -name '*.d' 2>/dev/null)
