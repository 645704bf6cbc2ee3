# entente: `make help` says what there is to make.

VERSION := 0.1.0

# make's own default is "cc"; objects are kept apart by the compiler's name.
ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
# For example SAN=address,undefined or SAN=thread.
SAN ?=
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
FUZZ_SECONDS ?= 30
JOBS ?= $(shell nproc)
# Groups of rows that `make bench` is to measure on the daemon alone, or all;
# by default it is measured beside its peers.
BENCH_GROUPS ?=
# Of tests/bench/peers: systems, --rounds and the like.
BENCH_OPTIONS ?=
# Debian's own, which sees Debian's modules; another may come first in PATH.
PYTHON ?= $(or $(wildcard /usr/bin/python3),python3)

MAKEFLAGS += --no-print-directory

comma := ,
OUT ?= build
BUILD ?= $(OUT)/$(notdir $(CC))$(if $(SAN),-$(subst $(comma),-,$(SAN)))

# Kept apart from CFLAGS so that `make CFLAGS=-O0` does not drop them.
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wswitch-enum -Wvla -Werror
# Position independent and hidden for the shared library's sake; the programs
# lose nothing by it.
STANDARD := -std=gnu11 -D_GNU_SOURCE -I. -DENTENTE_VERSION='"$(VERSION)"' \
	-pthread -fPIC -fvisibility=hidden
# ENTENTE_SANITIZED makes the LMDB map fit beside a sanitizer's own memory.
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -DENTENTE_SANITIZED)

# Asserts stay on, whatever CFLAGS bring.
ALL_CFLAGS = $(STANDARD) $(WARNINGS) $(CFLAGS) -UNDEBUG $(SANFLAGS)
ALL_LDFLAGS = $(CFLAGS) $(SANFLAGS) -pthread $(LDFLAGS)

# Asked only when something is linked. Libevent's .pc files would add the whole
# libevent to its parts.
libs = $(shell pkg-config --libs $(1))
PROTO_LIBS = $(call libs,msgpack)
DAEMON_LIBS = -levent_core -levent_pthreads -levent_openssl \
	$(call libs,libsystemd lmdb libxxhash msgpack inih libssl libcrypto)
LIBRARY_LIBS = $(call libs,msgpack libssl libcrypto)
CLIENT_LIBS = $(LIBRARY_LIBS) $(call libs,jansson inih)
SYSTEM_LIBS = $(call libs,msgpack jansson libssl libcrypto)
CHECK_LIBS = $(call libs,check)

# --- What there is ---------------------------------------------------------

objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)))
programs = $(patsubst %.c,$(BUILD)/%,$(wildcard $(1)))
without_tests = $(foreach o,$(1),$(if $(filter test_%,$(notdir $(o))),,$(o)))

PROTO := $(call objects,proto/*.c)
DAEMON := $(call objects,daemon/*.c)
LIBRARY := $(call objects,client/lib/*.c)
CLIENT := $(call objects,client/*.c)
# Everything of a program but its main, for unit tests.
DAEMON_PARTS := $(filter-out %/main.o,$(DAEMON))
CLIENT_PARTS := $(filter-out %/main.o,$(CLIENT))
MODEL := $(call objects,tests/model/*.c)
SYSTEM := $(call without_tests,$(call objects,tests/system/*.c))

UNIT_TESTS := $(call programs,tests/unit/test_*.c)
SYSTEM_TESTS := $(call programs,tests/system/test_*.c)
CRASH := $(call without_tests,$(call objects,tests/crash/*.c))
CRASH_TESTS := $(call programs,tests/crash/test_*.c)
BENCH := $(filter-out %/generate.o %/measure.o,$(call objects,tests/bench/*.c))
BENCH_PROGRAMS := $(BUILD)/tests/bench/generate $(BUILD)/tests/bench/measure
BENCH_PEERS := $(filter-out %/floor.o,$(call objects,tests/bench/peers/*.c))
BENCH_FLOOR := $(BUILD)/tests/bench/peers/floor
SCRIPT_TESTS := $(wildcard tests/system/*.sh)
FUZZERS := $(call programs,tests/fuzz/fuzz_*.c)

COMPLETION := $(BUILD)/manual/entente.bash
PROGRAMS := $(BUILD)/entented $(BUILD)/entente
LIBRARIES := $(BUILD)/libentente.a $(BUILD)/libentente.so
EXAMPLES := $(wildcard client/examples/*.jsonl)
MANUALS := $(addprefix $(BUILD)/manual/,entente.1 entented.conf.5 \
	entente-events.7 entented.8)

# Tests start hundreds of daemons; those that are about the journal's size say
# it themselves.
TEST_JOURNAL_SIZE := 1M

# What a test or the demo is told of the place it runs in.
ENVIRONMENT = ENTENTED=$(BUILD)/entented ENTENTE=$(BUILD)/entente \
	ENTENTE_TESTS=tests ENTENTE_EXAMPLES=client/examples \
	ENTENTE_MANUAL=$(BUILD)/manual PYTHON=$(PYTHON) \
	ENTENTE_NODE=$(OUT)/node \
	ENTENTED_JOURNAL_SIZE=$(TEST_JOURNAL_SIZE)

# Debian's packages, by what needs them.
BUILD_PACKAGES := gcc make pkg-config libevent-dev liblmdb-dev libmsgpack-dev \
	libsystemd-dev libxxhash-dev libjansson-dev libssl-dev libinih-dev check \
	libsubunit-dev
# Another node than Debian's brings its own npm, and keeps Debian's out.
NODE_PACKAGES := $(if $(and $(shell command -v node),$(shell command -v npm)),, \
	nodejs npm)
CHECK_PACKAGES := graphviz mandoc neovim procps python3-icalendar \
	python3-jsonschema python3-msgpack strace systemd $(NODE_PACKAGES)
# What the daemon is measured beside. Without their services, which nobody
# asked for: tests/bench starts them itself.
BENCH_PACKAGES := libsqlite3-dev nats-server postgresql redis-server strace \
	tarantool
MEMCHECK_PACKAGES := valgrind
FUZZ_PACKAGES := clang libclang-rt-14-dev
FORMAT_PACKAGES := clang-format
LINT_PACKAGES := clang-tidy cppcheck
TEST_PACKAGES := $(CHECK_PACKAGES) $(MEMCHECK_PACKAGES) $(FUZZ_PACKAGES) \
	$(FORMAT_PACKAGES) $(LINT_PACKAGES)

# --- Building --------------------------------------------------------------

# What is made; with V=1 the command that makes it.
say = $(if $(V),,@echo '  $@';)

.PHONY: all
all: $(PROGRAMS) $(LIBRARIES) $(MANUALS) $(COMPLETION) ## build the programs, the library, the manual

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(say)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/entented: $(DAEMON) $(PROTO)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DAEMON_LIBS)

$(BUILD)/entente: $(CLIENT) $(BUILD)/libentente.a
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CLIENT_LIBS)

$(BUILD)/libentente.a: $(LIBRARY) $(PROTO)
	@rm -f $@
	$(say)$(AR) rcs $@ $^

$(BUILD)/libentente.so.0: $(LIBRARY) $(PROTO)
	$(say)$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,$(@F) -o $@ $^ $(LIBRARY_LIBS)

$(BUILD)/libentente.so: $(BUILD)/libentente.so.0
	$(say)ln -sf $(<F) $@

# Manual pages, their lists made of the programs' own tables.
PAGE := $(BUILD)/proto/manual/page.o

$(BUILD)/manual/events: $(BUILD)/proto/manual/events.o $(PAGE) $(PROTO)
	@mkdir -p $(@D)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PROTO_LIBS)

$(BUILD)/manual/commands $(BUILD)/manual/completion: $(BUILD)/manual/%: \
		$(BUILD)/client/manual/%.o $(PAGE) $(CLIENT_PARTS) \
		$(BUILD)/libentente.a
	@mkdir -p $(@D)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CLIENT_LIBS)

$(BUILD)/manual/messages $(BUILD)/manual/settings: $(BUILD)/manual/%: \
		$(BUILD)/daemon/manual/%.o $(PAGE) $(DAEMON_PARTS) $(PROTO)
	@mkdir -p $(@D)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DAEMON_LIBS)

$(BUILD)/manual/entente-events.7: proto/manual/entente-events.7 $(BUILD)/manual/events
$(BUILD)/manual/entente.1: client/manual/entente.1 $(BUILD)/manual/commands
$(BUILD)/manual/entented.8: daemon/manual/entented.8 $(BUILD)/manual/messages
$(BUILD)/manual/entented.conf.5: daemon/manual/entented.conf.5 \
		$(BUILD)/manual/settings
$(COMPLETION): client/manual/entente.bash $(BUILD)/manual/completion
$(MANUALS) $(COMPLETION):
	$(say)$(word 2,$^) <$< >$@.new && mv $@.new $@

# Of two patterns that match, make takes the one with the shorter stem.
$(BUILD)/tests/unit/test_client_%: $(BUILD)/tests/unit/test_client_%.o \
		$(CLIENT_PARTS) $(BUILD)/libentente.a
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CLIENT_LIBS) $(CHECK_LIBS)

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(PROTO) $(DAEMON_PARTS)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DAEMON_LIBS) $(CHECK_LIBS)

$(BUILD)/tests/system/test_%: $(BUILD)/tests/system/test_%.o $(SYSTEM) \
		$(MODEL) $(PROTO)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SYSTEM_LIBS) $(CHECK_LIBS)

$(BUILD)/tests/crash/test_%: $(BUILD)/tests/crash/test_%.o $(CRASH) \
		$(SYSTEM) $(MODEL) $(PROTO)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SYSTEM_LIBS) $(CHECK_LIBS)

$(BENCH_PROGRAMS): %: %.o $(BENCH) $(PROTO)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PROTO_LIBS) -lm

# SQLite is measured where it is there to build with.
HAS_SQLITE = $(shell pkg-config --exists sqlite3 && echo 1)
$(BUILD)/tests/bench/peers/sqlite.o: STANDARD += \
	$(if $(HAS_SQLITE),-DBENCH_SQLITE)

$(BUILD)/tests/bench/peers/peers: $(BENCH_PEERS) $(BENCH) $(PROTO)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,msgpack lmdb) \
		$(if $(HAS_SQLITE),$(call libs,sqlite3)) -lm

$(BENCH_FLOOR): $(BENCH_FLOOR).o $(BUILD)/tests/bench/peers/note.o \
		$(BUILD)/tests/bench/dice.o $(BUILD)/tests/bench/fail.o $(PROTO)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,msgpack lmdb)

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(PROTO)
	$(say)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PROTO_LIBS)

# Objects of tests are no leftovers.
.SECONDARY:

# Below $(BUILD) there may be files of sources that are gone; they do no harm.
-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)

# --- Testing ---------------------------------------------------------------

.PHONY: demo
demo: deps-build ## run a session on the example events
	@$(MAKE) -j$(JOBS) all
	@$(ENVIRONMENT) tests/demo.sh

.PHONY: check
check: deps-build deps-check ## build everything and run every test
	@$(MAKE) -j$(JOBS) layers schema all tests
	@$(ENVIRONMENT) tests/run.sh $(BUILD)/logs \
		$(UNIT_TESTS) $(SYSTEM_TESTS) $(SCRIPT_TESTS) $(CRASH_TESTS)

.PHONY: tests
tests: $(UNIT_TESTS) $(SYSTEM_TESTS) $(CRASH_TESTS)

.PHONY: layers
layers: ## look for includes that cross a layer
	@tests/layers.sh

.PHONY: schema
schema:
	@$(PYTHON) tests/schema/check.py proto/event.schema.json $(EXAMPLES)

# A test under valgrind is not forked off: one report for the whole program.
VALGRIND := valgrind --quiet --leak-check=full --error-exitcode=99 \
	--errors-for-leak-kinds=definite,indirect,possible

.PHONY: memcheck
memcheck: deps-build deps-memcheck ## run the unit tests under valgrind
	@$(MAKE) SAN= BUILD=$(OUT)/memcheck CFLAGS='-O1 -g -DENTENTE_SANITIZED' \
		memcheck-run

.PHONY: memcheck-run
memcheck-run: $(UNIT_TESTS)
	@$(ENVIRONMENT) CK_FORK=no RUN_UNDER='$(VALGRIND)' \
		tests/run.sh $(BUILD)/logs $(UNIT_TESTS)

.PHONY: fuzz
fuzz: deps-build deps-fuzz ## fuzz each target for FUZZ_SECONDS (30)
	@$(MAKE) CC=clang SAN=fuzzer,address,undefined BUILD=$(OUT)/fuzz fuzz-run

.PHONY: fuzz-run
fuzz-run: $(FUZZERS)
	@set -e; for fuzzer in $(FUZZERS); do \
		echo "$${fuzzer##*/}: $(FUZZ_SECONDS) s"; \
		mkdir -p $$fuzzer.corpus; \
		$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
			-print_final_stats=1 -artifact_prefix=$$fuzzer. \
			$$fuzzer.corpus >$$fuzzer.log 2>&1 || \
			{ cat $$fuzzer.log; exit 1; }; \
		grep stat::number_of_executed_units $$fuzzer.log; \
	done

.PHONY: coverage
coverage: ## run the tests and say which lines they reach
	@mkdir -p $(OUT)/coverage && find $(OUT)/coverage -name '*.gcda' -delete
	@$(MAKE) CC=gcc SAN= BUILD=$(OUT)/coverage CFLAGS='-O0 -g --coverage' \
		check; status=$$?; tests/coverage.sh $(OUT)/coverage; exit $$status

# BENCH_DIR says on which disk. The daemon runs with its own defaults.
RUN_BENCH = ENTENTED=$(BUILD)/entented BENCH_FLOOR=$(BENCH_FLOOR) \
	BENCH_PREPARE=tests/bench/peers/prepare \
	BENCH_TABS=$(BUILD)/$@.tsv tests/bench/run
RUN_PEERS = $(RUN_BENCH) $(BUILD)/tests/bench/peers/peers
RUN_MEASURE = $(RUN_BENCH) $(BUILD)/tests/bench/measure
GROUPS_ASKED = $(filter-out all,$(BENCH_GROUPS))

.PHONY: bench bench-quick bench-full bench-sync bench-growth bench-build
bench: bench-build ## measure the daemon beside its peers, in 15 minutes
	@$(if $(BENCH_GROUPS),$(RUN_MEASURE) $(GROUPS_ASKED), \
		$(RUN_PEERS) $(BENCH_OPTIONS))

bench-quick: bench-build ## the same in two minutes
	@$(if $(BENCH_GROUPS),$(RUN_MEASURE) --quick $(GROUPS_ASKED), \
		$(RUN_PEERS) --quick $(BENCH_OPTIONS))

bench-full: bench-build ## measure the daemon alone, with a million events
	@$(RUN_MEASURE) --full $(GROUPS_ASKED)

bench-sync: bench-build ## count what is flushed before an acknowledgement
	@$(RUN_PEERS) --sync $(BENCH_OPTIONS)

bench-growth: bench-build ## measure the daemon on logs up to 10 M events
	@$(RUN_PEERS) --growth --events 10000 $(BENCH_OPTIONS)

bench-build: deps-build deps-bench
	@$(MAKE) -j$(JOBS) $(BUILD)/entented $(BENCH_PROGRAMS) \
		$(BUILD)/tests/bench/peers/peers $(BENCH_FLOOR)

# --- Looking at the code ---------------------------------------------------

SOURCES := $(wildcard $(foreach d,proto proto/manual daemon daemon/manual \
	client client/lib client/manual tests/unit \
	tests/system tests/model tests/fuzz tests/crash tests/crash/preload \
	tests/bench tests/bench/peers,$(d)/*.c))
HEADERS := $(wildcard $(addsuffix *.h,$(sort $(dir $(SOURCES)))))

.PHONY: format
format: deps-format ## put the code into its format
	@clang-format -i $(SOURCES) $(HEADERS)

.PHONY: format-check
format-check: deps-format ## say where the code is not in its format
	@clang-format --dry-run --Werror $(SOURCES) $(HEADERS)

# clang-tidy 14 carries va_lists over from one file to the next: one run each.
# What is preloaded takes the place of libc's functions, whose parameters have
# names that only libc may use.
TIDIED := $(addprefix tidy/,$(filter-out tests/crash/preload/%,$(SOURCES)))
.PHONY: $(TIDIED)
$(TIDIED): tidy/%: %
	@clang-tidy --quiet $< -- $(STANDARD) 2>/dev/null

# internalAstError: cppcheck 2.10 cannot parse `a ? (struct b){0} : c`.
# assertWithSideEffect: our asserts are never compiled out.
.PHONY: cppcheck
cppcheck:
	@cppcheck --quiet --enable=warning,performance,portability \
		--error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
		--suppress=internalAstError --suppress=assertWithSideEffect \
		-I. $(filter -D%,$(STANDARD)) $(SOURCES)

.PHONY: lint
lint: deps-build deps-lint ## run clang-tidy and cppcheck
	@$(MAKE) --keep-going cppcheck $(TIDIED)

# --- Packages --------------------------------------------------------------

.PHONY: deps
deps: ## install what is missing for any of these
	@tests/deps.sh $(BUILD_PACKAGES) $(TEST_PACKAGES) $(DEB_PACKAGES)

.PHONY: deps-build deps-check deps-memcheck deps-fuzz deps-format deps-lint \
	deps-deb deps-bench
deps-build:
	@tests/deps.sh $(BUILD_PACKAGES)
deps-check:
	@tests/deps.sh $(CHECK_PACKAGES)
deps-bench:
	@NO_SERVICES=1 tests/deps.sh $(BENCH_PACKAGES)
deps-memcheck:
	@tests/deps.sh $(MEMCHECK_PACKAGES)
deps-fuzz:
	@tests/deps.sh $(FUZZ_PACKAGES)
deps-format:
	@tests/deps.sh $(FORMAT_PACKAGES)
deps-lint:
	@tests/deps.sh $(LINT_PACKAGES)
deps-deb:
	@tests/deps.sh $(DEB_PACKAGES)

# --- Installing ------------------------------------------------------------

DOCDIR := $(PREFIX)/share/doc/entente
MANDIR := $(PREFIX)/share/man
COMPLETIONDIR := $(PREFIX)/share/bash-completion/completions
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d

UNITS := entented.service entented.socket entented-tcp.socket \
	entented-tls.socket
CONFIGURATION := $(wildcard systemd/entented.conf)

.PHONY: install
install: all ## install below PREFIX (/usr/local)
	install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(PREFIX)/sbin \
		$(PREFIX)/include $(LIBDIR)/pkgconfig $(DOCDIR)/examples \
		$(MANDIR)/man1 $(MANDIR)/man5 $(MANDIR)/man7 $(MANDIR)/man8 \
		$(UNITDIR) $(SYSUSERSDIR) $(SYSCONFDIR)/entente $(COMPLETIONDIR))
	install $(BUILD)/entente $(DESTDIR)$(PREFIX)/bin/
	install $(BUILD)/entented $(DESTDIR)$(PREFIX)/sbin/
	install -m 644 client/entente.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(BUILD)/libentente.a $(BUILD)/libentente.so.0 \
		$(DESTDIR)$(LIBDIR)/
	ln -sf libentente.so.0 $(DESTDIR)$(LIBDIR)/libentente.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' client/entente.pc.in \
		> $(DESTDIR)$(LIBDIR)/pkgconfig/entente.pc
	install -m 644 $(COMPLETION) $(DESTDIR)$(COMPLETIONDIR)/entente
	for page in $(MANUALS); do install -m 644 $$page \
		$(DESTDIR)$(MANDIR)/man$${page##*.}/ || exit; done
	for unit in $(UNITS); do sed 's|/usr/sbin/|$(PREFIX)/sbin/|' \
		systemd/$$unit > $(DESTDIR)$(UNITDIR)/$$unit || exit; done
	install -m 644 systemd/entente.sysusers \
		$(DESTDIR)$(SYSUSERSDIR)/entente.conf
	for file in $(notdir $(CONFIGURATION)); do \
		[ -e $(DESTDIR)$(SYSCONFDIR)/entente/$$file ] || \
		install -m 644 systemd/$$file \
			$(DESTDIR)$(SYSCONFDIR)/entente/ || exit; done
	install -m 644 README.md proto/PROTOCOL.md proto/EVENTS.md \
		proto/event.schema.json $(DESTDIR)$(DOCDIR)/
	install -m 644 $(EXAMPLES) $(DESTDIR)$(DOCDIR)/examples/

# The configuration stays where it was changed, and the log always.
.PHONY: uninstall
uninstall: ## take out what install put there
	rm -f $(addprefix $(DESTDIR),$(PREFIX)/bin/entente \
		$(PREFIX)/sbin/entented $(PREFIX)/include/entente.h \
		$(addprefix $(LIBDIR)/,libentente.a libentente.so.0 libentente.so \
		pkgconfig/entente.pc) $(addprefix $(UNITDIR)/,$(UNITS)) \
		$(foreach page,$(notdir $(MANUALS)),$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page)) \
		$(SYSUSERSDIR)/entente.conf $(COMPLETIONDIR)/entente)
	rm -rf $(DESTDIR)$(DOCDIR)
	for file in $(notdir $(CONFIGURATION)); do \
		! cmp -s systemd/$$file $(DESTDIR)$(SYSCONFDIR)/entente/$$file || \
		rm $(DESTDIR)$(SYSCONFDIR)/entente/$$file; done
	-rmdir --ignore-fail-on-non-empty $(DESTDIR)$(SYSCONFDIR)/entente

# --- Debian packages -------------------------------------------------------

DEB := $(OUT)/deb
DEB_TREE := $(DEB)/entente-$(VERSION)
DEB_SOURCES := Makefile README.md LICENSE client daemon proto systemd tests
DEB_PACKAGES := debhelper dpkg-dev fakeroot lintian

# dpkg wants its files in debian/, so it gets a tree of its own.
.PHONY: deb
deb: deps-build deps-deb ## make Debian packages, in build/deb/
	@rm -rf $(DEB)
	@mkdir -p $(DEB_TREE)
	@cp -a $(DEB_SOURCES) $(DEB_TREE)/
	@cp -a .debian $(DEB_TREE)/debian
	@cd $(DEB_TREE) && env -u MAKEFLAGS -u MAKELEVEL DEB_BUILD_OPTIONS=parallel=$(JOBS) \
		dpkg-buildpackage -b -us -uc
	@lintian --fail-on error --profile debian $(DEB)/*.changes

.PHONY: check-deb
check-deb: deb deps-check ## install the packages, run and purge them (as root)
	@tests/deb/run $(DEB)/*.deb

.PHONY: check-boot
check-boot: deb ## the same on a copy of this system that is booted (as root)
	@tests/deps.sh systemd-container
	@tests/deb/run --boot $(DEB)/*.deb

# ---------------------------------------------------------------------------

.PHONY: clean
clean: ## remove everything that was built
	rm -rf $(OUT)

.PHONY: help
help: ## say this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14
