# SPDX-License-Identifier: MIT
#
# make            build/authcd, build/authctl, build/pam_authc.so       make check    all tests, plain and under ASan + UBSan
# make MODE=asan  the same under build/asan; also tsan, msan, cov       make demo     a login through real sshd and sudo
# make deps       installs what is missing (apt-get, root)              make lint     layers, warnings, pages, style
# make install DESTDIR=...                                              make fuzz     T=seconds a fuzzer;  make bench
# make analyze    four static analysers                                 make check-msan  bytes that nobody set (part of check)
# make check-tsan  the module's threads (part of check)                 make mutants  is each vital check missed by a test?
# make sim        what guessers get, whom the limits stop (shown in authcd.conf.5)
# make fault      power cuts, failing calls, kills: all of them         (check takes a sample)
#
# Layers are held by the compiler: a folder sees itself and the folders below it, by -iquote, and nothing else.

MODE    ?= release
BUILD   := $(if $(filter release,$(MODE)),build,build/$(MODE))
VERSION := 0.1.0

# ---- tools and flags -------------------------------------------------------------------------------------------------
ifeq ($(origin CC),default)
CC := $(if $(filter msan clang fuzz,$(MODE)),clang,gcc)
endif
comma := ,
cc-has = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Walloca -Wformat=2 -Wswitch-enum -Wnull-dereference
# Sanitizers pad the stack: there the limit would speak of them, not of us.
WARN_PROBED := -Wlogical-op -Wjump-misses-init $(if $(filter release,$(MODE)),-Wstack-usage=16384)
# MemorySanitizer is there to find what a zeroed stack would hide.
HARDEN_PROBED := -fstack-clash-protection -fcf-protection=full -fzero-call-used-regs=used-gpr \
	$(if $(filter msan,$(MODE)),,-ftrivial-auto-var-init=zero)
PROBED := $(foreach f,$(WARN_PROBED) $(HARDEN_PROBED),$(call cc-has,$(f)))

NO_STACK_LIMIT := $(call cc-has,-Wno-stack-usage) # tests may hold what they like

HARDEN := -fstack-protector-strong $(if $(filter release clang,$(MODE)),-D_FORTIFY_SOURCE=3)
HARDEN_LD := -Wl,-z,relro,-z,now,-z,noexecstack
NO_UNDEFINED := -Wl,-z,defs

MODE_release :=
MODE_clang   :=
MODE_asan    := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_tsan    := -fsanitize=thread
MODE_msan    := -fsanitize=memory -fno-omit-frame-pointer -O1
MODE_fuzz    := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
MODE_cov     := --coverage
SANITIZE := $(MODE_$(MODE))

CFLAGS ?= $(if $(filter asan msan,$(MODE)),-O1 -g1,-O2 -g)
LANGUAGE := -std=gnu17 -D_GNU_SOURCE -DAUTHC_VERSION='"$(VERSION)"'
ALL_CFLAGS := $(LANGUAGE) -fPIC $(CFLAGS) $(WARN) $(PROBED) $(HARDEN) $(SANITIZE) \
	$(if $(WERROR),-Werror) -MMD -MP
ALL_LDFLAGS := $(LDFLAGS) $(HARDEN_LD) $(SANITIZE)

# ---- the house -------------------------------------------------------------------------------------------------------
see_common    := common
see_pam_authc := common pam_authc
see_rules     := common authcd/rules
see_store     := $(see_rules) authcd/store
see_handlers  := $(see_store) authcd/handlers
see_serve     := $(see_handlers) authcd/serve
see_ctl       := common authcd/ctl
quote = $(addprefix -iquote ,$(see_$(1)))

LAYERS := common rules store handlers serve ctl
dir_common := common
$(foreach l,rules store handlers serve ctl,$(eval dir_$(l) := authcd/$(l)))
dir_pam_authc := pam_authc

src = $(wildcard $(dir_$(1))/*.c)
obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(call src,$(1)))
lib = $(BUILD)/obj/lib$(1).a

LIBS_DAEMON := -lsqlite3 -lsodium -loath -lcrypto -lqrencode -lsystemd -lpthread
DAEMON_LIBS := $(foreach l,serve handlers store rules common,$(call lib,$(l)))

all: $(BUILD)/authcd $(BUILD)/authctl $(BUILD)/pam_authc.so

define layer
$(call obj,$(1)): $(BUILD)/obj/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC      $$<"
	@$(CC) $(ALL_CFLAGS) $(call quote,$(1)) -c $$< -o $$@
$(call lib,$(1)): $(call obj,$(1))
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS) pam_authc,$(eval $(call layer,$(l))))

$(BUILD)/obj/authcd/main.o: authcd/main.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALL_CFLAGS) $(call quote,serve) -c $< -o $@

$(BUILD)/authcd: $(BUILD)/obj/authcd/main.o $(DAEMON_LIBS)
	@echo "  LD      $@"
	@$(CC) -pie $(ALL_LDFLAGS) -Wl,-z,defs -o $@ $^ $(LIBS_DAEMON)

$(BUILD)/authctl: $(call lib,ctl) $(call lib,common)
	@echo "  LD      $@"
	@$(CC) -pie $(ALL_LDFLAGS) -o $@ $(call obj,ctl) $(call lib,common)

# Never -z nodlopen (libpam dlopens it) nor --gc-sections (it would hide a forbidden dependency).
$(BUILD)/pam_authc.so: $(call obj,pam_authc) $(call lib,common) pam_authc/pam_authc.map
	@echo "  LD      $@"
	@$(CC) -shared $(ALL_LDFLAGS) $(if $(filter release clang,$(MODE)),$(NO_UNDEFINED)) -Wl,--version-script=pam_authc/pam_authc.map -o $@ \
		$(call obj,pam_authc) $(call lib,common) -lpam

# ---- tests -----------------------------------------------------------------------------------------------------------
# tests/unit/<layer>/<name>.c tests <layer>/<name>.c and sees what that layer sees, and the layer's own files.
UNIT_SRC := $(wildcard tests/unit/*/*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRC))
libs_common := common
libs_rules := rules common
libs_store := store rules common
libs_handlers := handlers store rules common
libs_serve := serve handlers store rules common
libs_ctl := ctl common
libs_pam_authc := pam_authc common
needs_common :=
needs_pam_authc := -lpam
needs_ctl :=
$(foreach l,rules store handlers serve,$(eval needs_$(l) := $(LIBS_DAEMON)))

# tests/fuzz/<layer>/<name>.c likewise; without libFuzzer (any MODE but fuzz) it is linked to run over its corpus once.
FUZZ_SRC := $(filter-out tests/fuzz/replay/%,$(wildcard tests/fuzz/*/*.c))
FUZZ_BIN := $(patsubst tests/%.c,$(BUILD)/tests/%,$(FUZZ_SRC))
REPLAY := $(BUILD)/obj/tests/fuzz/replay/main.o
with_unit := $(if $(filter msan,$(MODE)),$(BUILD)/obj/tests/msan.o)
with_fuzz := $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer,$(REPLAY)) $(with_unit)

define test
$(BUILD)/tests/$(1)/$(2)/%: tests/$(1)/$(2)/%.c tests/tap.h $(filter %.o,$(with_$(1))) $(foreach l,$(libs_$(2)),$(call lib,$(l)))
	@mkdir -p $$(@D)
	@echo "  CC      $$<"
	@$(CC) $(ALL_CFLAGS) $(NO_STACK_LIMIT) -pie -iquote tests $(call quote,$(2)) -MF $$@.d $(ALL_LDFLAGS) -o $$@ $$< $(with_$(1)) \
		-Wl,--start-group $(foreach l,$(libs_$(2)),$(call lib,$(l))) -Wl,--end-group $(needs_$(2))
endef
$(foreach k,unit fuzz,$(foreach l,$(LAYERS) pam_authc,$(eval $(call test,$(k),$(l)))))

$(REPLAY) $(BUILD)/obj/tests/msan.o: $(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALL_CFLAGS) -c $< -o $@

# Helper programs of the system tests: applications and peers of ours, one file each.
TOOL_SRC := $(wildcard tests/system/tools/*.c)
TOOL_BIN := $(patsubst tests/system/tools/%.c,$(BUILD)/tests/tools/%,$(TOOL_SRC))
$(BUILD)/tests/tools/%: tests/system/tools/%.c $(call lib,common)
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALL_CFLAGS) $(NO_STACK_LIMIT) -pie -iquote tests -iquote common -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(call lib,common) -lpam -lpthread

# The module with every call in the way of its wrapper, and the application that lets them fail.
FAULT := $(BUILD)/tests/fault/module $(BUILD)/tests/fault/module.so
FAULT_WRAPS := $(shell sed -nE 's/^FAULT.[^,]*, ([a-z_]+),.*/-Wl,--wrap=\1/p' tests/fault/module.symbols)
$(BUILD)/tests/fault/module: tests/fault/module.c tests/fault/server.c $(call lib,common) tests/fault/module.symbols \
		$(wildcard tests/fault/*.h) tests/tap.h tests/system/tools/host.h
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(NO_STACK_LIMIT) -pie -iquote tests -iquote tests/system/tools -iquote common \
		-Wl,--export-dynamic-symbol=fault_now $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) $(call lib,common) -lpam
$(BUILD)/tests/fault/module.so: tests/fault/wrap.c tests/fault/fault.h tests/fault/module.symbols $(BUILD)/pam_authc.so
	@echo "  LD      $@"
	@mkdir -p $(@D)
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) -shared $(ALL_LDFLAGS) -Wl,--version-script=pam_authc/pam_authc.map $(FAULT_WRAPS) -o $@ $< \
		$(call obj,pam_authc) $(call lib,common) -lpam

# The store and the handlers over a disk that fails: each a program, with SQLite's calls and the store's own in its way.
DURABLE_BIN := $(patsubst %,$(BUILD)/tests/fault/%,calls flips power refuge)
DURABLE_SRC := $(addprefix tests/fault/,disk.c judge.c posix.c story.c vfs.c)
DURABLE_WRAPS := $(patsubst %,-Wl$(comma)--wrap=%,openat renameat unlinkat fsync write malloc calloc)
$(DURABLE_BIN): $(BUILD)/tests/fault/%: tests/fault/%.c $(DURABLE_SRC) $(wildcard tests/fault/*.h tests/*.h) \
		$(foreach l,$(libs_handlers),$(call lib,$(l)))
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(NO_STACK_LIMIT) -pie -iquote tests -iquote tests/fault $(call quote,handlers) \
		$(DURABLE_WRAPS) $(ALL_LDFLAGS) -o $@ $(filter %.c,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS_DAEMON)

# What the guess limits come to, as tables: rules only, under a clock of its own.
SIM := $(BUILD)/tests/sim/guesses
$(SIM): $(wildcard tests/sim/*.[ch]) $(call lib,rules)
	@mkdir -p $(@D)
	@echo "  CC      $@"
	@$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS)) $(NO_STACK_LIMIT) -pie $(call quote,rules) $(ALL_LDFLAGS) -o $@ $(filter %.c %.a,$^)
sim: $(SIM)
	@$(SIM)

tests: all $(UNIT_BIN) $(TOOL_BIN) $(FAULT) $(DURABLE_BIN) $(SIM)

PROGRAMS = $(UNIT_BIN) $(DURABLE_BIN)
PROVE := prove --timer --exec '' $(PROVE_FLAGS)
SYSTEM_T = $(sort $(wildcard tests/system/*.t))
check-unit: tests
	BUILD=$(CURDIR)/$(BUILD) $(PROVE) -j2 $(PROGRAMS)
check-system: tests
	BUILD=$(CURDIR)/$(BUILD) MODE=$(MODE) $(PROVE) -j2 $(SYSTEM_T)

# Under the sanitizers check leaves out what is there for the peer's sake (the real sshd, sudo, login, systemd), and what is about
# time and load: make check-system MODE=asan runs those, too.
PEERS_T = $(wildcard $(addprefix tests/system/,6*.t 87-grace.t 86-own-address.t 88-change.t 88-story.t 89-combined.t 89-first-code.t \
	89-keys.t 89-sessions.t))
LOAD_T = $(addprefix tests/system/,77-deny-time.t 83-floods.t 87-room.t 88-page-of-limits.t 88-watchdog.t 89-siege.t 89-storm.t)

check: deps
	@$(MAKE) --no-print-directory -j2 WERROR=1 tests
	@$(MAKE) --no-print-directory -j2 WERROR=1 MODE=asan tests
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory fuzz-replay
	@$(MAKE) --no-print-directory check-msan
	BUILD=$(CURDIR)/build MODE=release $(PROVE) -j4 $(PROGRAMS) $(SYSTEM_T)
	BUILD=$(CURDIR)/build/asan MODE=asan $(PROVE) -j4 $(PROGRAMS:build/%=build/asan/%) $(filter-out $(PEERS_T) $(LOAD_T),$(SYSTEM_T))
	@$(MAKE) --no-print-directory check-tsan

# The module in many threads. Some libtsan do not start where addresses are very random.
NOT_RANDOM = $(shell setarch -R true 2>/dev/null && echo setarch -R)
check-tsan: build/tests/tools/fakeauthcd
	@$(MAKE) --no-print-directory -j2 WERROR=1 MODE=tsan build/tsan/pam_authc.so build/tsan/tests/tools/pamtry
	BUILD=$(CURDIR)/build/tsan MODE=tsan FAKEAUTHCD=$(CURDIR)/$< $(NOT_RANDOM) $(PROVE) tests/system/17-module-threads.t

lint:
	@$(MAKE) --no-print-directory -j2 MODE=clang WERROR=1 all
	@tests/lint/run

# Power cuts, failing calls and kills, as many as there are instead of the sample that check takes. FAULT_ARGS=seed=N repeats.
fault: tests
	@for f in $(DURABLE_BIN); do echo "$${f##*/}"; $$f long $(FAULT_ARGS) || exit 1; done
	@echo kills; BUILD=$(CURDIR)/$(BUILD) MODE=$(MODE) tests/system/89-kills.t long

# Takes checks away one by one, and wants a test to notice. MUTANTS="word word": only those with such names.
mutants:
	@$(MAKE) --no-print-directory -j2 tests
	@tests/mutants/run $(MUTANTS)

# Four analysers over everything that is installed, each with its own idea of what may go wrong. Minutes, so no part of check.
# What they need not say stands in .clang-tidy and tests/lint/cppcheck.txt, with its reason.
ANALYZE := build/analyze
analyze: deps
	@echo "gcc -fanalyzer"
	@$(MAKE) --no-print-directory -s -j2 CC=gcc BUILD=$(ANALYZE)/gcc CFLAGS='-O2 -g -fanalyzer' WERROR=1 all >/dev/null
	@echo "scan-build"
	@rm -rf $(ANALYZE)/clang # it looks only at what is compiled anew
	@scan-build -o $(ANALYZE)/scan --status-bugs $(MAKE) --no-print-directory -s -j2 MODE=clang BUILD=$(ANALYZE)/clang all \
		>$(ANALYZE)/scan.log 2>&1 || { grep -A3 'warning:' $(ANALYZE)/scan.log; exit 1; }
	@echo "cppcheck"
	@$(foreach l,$(LAYERS) pam_authc,cppcheck -q --error-exitcode=1 --std=c11 --enable=warning,performance,portability,style \
		--inline-suppr --suppressions-list=tests/lint/cppcheck.txt --include=$(QUEUE_H) $(filter -D%,$(LANGUAGE)) \
		$(addprefix -I ,$(see_$(l))) $(call src,$(l)) &&) :
	@echo "clang-tidy"
	@$(foreach l,$(LAYERS) pam_authc,echo $(call src,$(l)) | xargs -P2 -n1 sh -c \
		'clang-tidy --quiet $$0 -- $(subst ','\'',$(LANGUAGE)) $(call quote,$(l)) 2>/dev/null' &&) :
	@echo "nothing found"
QUEUE_H = $(lastword $(shell echo '#include <sys/queue.h>' | $(CC) -E -M -x c -))

# A thousand logins at once with the hash that authcd comes with, and what they took. Root; a minute or two.
storm: all
	BUILD=$(CURDIR)/$(BUILD) MODE=$(MODE) STORM=long tests/system/89-storm.t

demo: deps
	@$(MAKE) --no-print-directory -j2 all
	@tests/e2e/demo

deps:
	@packaging/deps

# ---- fuzzing and measuring -------------------------------------------------------------------------------------------
T ?= 60
fuzzers: $(FUZZ_BIN)

fuzz-replay:
	@$(MAKE) --no-print-directory -j2 MODE=asan WERROR=1 fuzzers
	@for f in $(FUZZ_BIN:$(BUILD)/%=build/asan/%); do $$f tests/fuzz/corpus/$${f##*/} || exit 1; done
fuzz:
	@$(MAKE) --no-print-directory -j2 MODE=fuzz fuzzers
	@tests/fuzz/run $(T) $(FUZZ_BIN:$(BUILD)/%=build/fuzz/%)

# Bytes that nobody set. MemorySanitizer takes what a library wrote that was not compiled for it for such: libcrypto and
# SQLite are left out (jws; the store and all above it). libsodium and liboath write only into what was set before.
MSAN_SRC := $(filter-out %/jws.c %/jwt.c,$(wildcard $(foreach l,common rules ctl pam_authc,tests/unit/$(l)/*.c tests/fuzz/$(l)/*.c)))
msan-tests: $(MSAN_SRC:tests/%.c=$(BUILD)/tests/%)
check-msan:
	@$(MAKE) --no-print-directory -j2 MODE=msan WERROR=1 msan-tests
	@for f in $(patsubst %.c,%,$(filter tests/fuzz/%,$(MSAN_SRC))); do build/msan/$$f tests/fuzz/corpus/$${f##*/} || exit 1; done
	@BUILD=$(CURDIR)/build/msan $(PROVE) -j2 $(patsubst %.c,build/msan/%,$(filter tests/unit/%,$(MSAN_SRC)))

BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/*.c))
$(BUILD)/tests/bench/%: tests/bench/%.c $(DAEMON_LIBS)
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(ALL_CFLAGS) $(NO_STACK_LIMIT) -pie $(call quote,serve) -MF $@.d $(ALL_LDFLAGS) -o $@ $< \
		-Wl,--start-group $(DAEMON_LIBS) -Wl,--end-group $(LIBS_DAEMON) -lpam
bench: all $(BENCHES)
	@for b in $(BENCHES); do $$b || exit 1; done

# ---- install ---------------------------------------------------------------------------------------------------------
PREFIX    ?= /usr
SBINDIR   ?= $(PREFIX)/sbin
BINDIR    ?= $(PREFIX)/bin
MANDIR    ?= $(PREFIX)/share/man
DOCDIR    ?= $(PREFIX)/share/doc/authc
SYSCONFDIR ?= /etc
UNITDIR   ?= /lib/systemd/system
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
PAMDIR    ?= /lib/$(if $(MULTIARCH),$(MULTIARCH)/)security
include packaging/install.mk

clean:
	rm -rf build

.PHONY: all tests sim check check-unit check-system check-msan msan-tests check-tsan lint analyze mutants fault demo deps fuzz fuzzers fuzz-replay bench storm install clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
