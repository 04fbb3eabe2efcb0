# martlet: build, test, install. `make` alone lists what there is.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift

# The Swift runtime is linked in, so that an installed martlet needs no toolchain and starts faster.
RELEASE := -c release --static-swift-stdlib -Xlinker --gc-sections -Xlinker --strip-all
STRICT := --explicit-target-dependency-import-check error
# Suites that need no server, no other program and hardly any time.
QUICK := ^(Mail|Reconciliation|IMAP|Engine|Maildir|Disk|Reactor|Confinement|Ledger|Configuration|Control|Simulation|Fuzzing|Tidy)Tests\.
# Those of them that take the processor and no clock: not beside the others.
HEAVY := ^(Simulation|Fuzzing|Engine|Reconciliation)Tests\.
# Of the quick ones, what a sanitizer slows down beyond a minute.
LONG := WorldTests|manyRanges
# Of the quick ones, what looks at the memory of the whole process: a sanitizer holds back hundreds of megabytes that were
# freed, which largeMessage counts, and maps terabytes for itself, which wiped searches.
MEMORY := DeliveryTests/largeMessage|SecretTests/wiped
# Suites that look at deadlines of seconds, and are not run beside many servers.
TIMED := ^TransportTests\.

bindir := $(DESTDIR)$(PREFIX)/bin
mandir := $(DESTDIR)$(PREFIX)/share/man
# Below a home systemd looks in .local/share only (systemd.unit(5)), elsewhere in lib.
unitdir := $(DESTDIR)$(PREFIX)/$(if $(HOME),$(if $(findstring ^$(HOME)/,^$(PREFIX)/),share,lib),lib)/systemd/user
docdir := $(DESTDIR)$(PREFIX)/share/doc/martlet

# For `fuzz`: how long each target is fed, and which.
SECONDS ?= 60
FUZZ ?= session store maildir folders utf7 configuration control message
# Worlds for `make simulate`: a number, or a range as in 301..900.
SEEDS ?= 300
# For `soak` how long, for `kills` how many.
MINUTES ?= 120
KILLS ?= 500

sources := find Sources Tests Benchmarks Package.swift -name .build -prune -o -name '*.swift' -print0 2>/dev/null

.PHONY: help build release demo test test-quick coverage sanitize simulate crash kills soak mutants fuzz bench lint format install uninstall clean toolchain

help: ## Lists these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

build: toolchain ## Builds for debugging, after installing the libraries that needs
	config/install-packages build
	$(SWIFT) build $(STRICT)

release: toolchain ## Builds .build/release/martlet, optimized
	config/install-packages build
	$(SWIFT) build $(RELEASE) --product martlet

demo: release ## Shows martlet at work between a private server and a Maildir
	config/install-packages demo
	$(SWIFT) build $(RELEASE) --product martlet-demo
	.build/release/martlet-demo

test: toolchain ## Runs all tests, after installing the servers and programs they use
	config/install-packages build test
	$(SWIFT) build --build-tests $(STRICT)
	$(SWIFT) test --skip-build --disable-xctest --filter '$(QUICK)' --skip '$(HEAVY)'
	$(SWIFT) test --skip-build --disable-xctest --filter '$(HEAVY)' --skip WorldTests
	$(SWIFT) test --skip-build --disable-xctest --filter WorldTests
	$(SWIFT) test --skip-build --disable-xctest --filter '$(TIMED)'
	$(SWIFT) run --skip-build martlet-simulate --crash --every 40
	$(SWIFT) test --skip-build --disable-xctest --skip '$(QUICK)' --skip '$(TIMED)'

test-quick: toolchain ## Runs the tests that need no server
	config/install-packages build
	$(SWIFT) test --disable-xctest --filter '$(QUICK)'

coverage: toolchain ## Tells which lines of the four inner rooms the tests that need no server run
	config/install-packages build
	SWIFT=$(SWIFT) config/coverage '$(QUICK)' Reconciliation IMAP Maildir Engine

sanitize: toolchain ## Runs most of the tests that need no server under the address and the thread sanitizer
	config/install-packages build
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --sanitize=address --scratch-path .build-address \
	  --disable-xctest --no-parallel --filter '$(QUICK)' --skip '$(LONG)|$(MEMORY)'
	TSAN_OPTIONS=suppressions=$(CURDIR)/config/thread-sanitizer.txt $(SWIFT) test --sanitize=thread \
	  --scratch-path .build-thread -Xswiftc -use-ld=lld \
	  --disable-xctest --no-parallel --filter '$(QUICK)' --skip '$(LONG)|$(MEMORY)'

simulate: toolchain ## Plays simulated worlds: SEEDS=300, or a range as in SEEDS=301..900
	config/install-packages build
	$(SWIFT) build -c release --product martlet-simulate
	.build/release/martlet-simulate --seeds $(SEEDS) --twice --jobs $$(nproc)

crash: toolchain ## Lets martlet die at every step of every scenario, and looks what a restart makes of it
	config/install-packages build
	$(SWIFT) run -c release martlet-simulate --crash

kills: toolchain ## Kills martlet at KILLS=500 system calls before a real server, and looks what a restart makes of it
	config/install-packages build test
	$(SWIFT) build --build-tests $(STRICT)
	MARTLET_KILLS=$(KILLS) $(SWIFT) test --skip-build --disable-xctest --filter SystemCallKillTests

soak: release ## Runs martlet for MINUTES=120 with clients, a network and a server that never rest
	config/install-packages demo
	$(SWIFT) build $(RELEASE) --product martlet-soak
	.build/release/martlet-soak --minutes $(MINUTES)

mutants: toolchain ## Plants bugs in a copy of the project, one at a time, and looks which test finds each
	config/install-packages build
	Tests/Mutants/run

fuzz: toolchain ## Feeds strangers' octets to each of FUZZ for SECONDS=60; see docs/testing.md
	config/install-packages build
	SWIFT=$(SWIFT) config/fuzz $(SECONDS) $(FUZZ)

bench: release ## Measures martlet beside mbsync and OfflineIMAP
	config/install-packages bench
	cd Benchmarks && $(SWIFT) run -c release

lint: toolchain ## Checks the form of all Swift code
	@$(sources) | xargs -0 $(SWIFT) format lint --strict

format: toolchain ## Brings all Swift code into form
	@$(sources) | xargs -0 $(SWIFT) format -i

install: ## Installs what `make release` built, below PREFIX (/usr/local) in DESTDIR
	@test -x .build/release/martlet || { echo "There is no .build/release/martlet yet: run 'make release' first." >&2; exit 1; }
	install -D -m 755 .build/release/martlet "$(bindir)/martlet"
	install -D -m 644 docs/man/martlet.1 "$(mandir)/man1/martlet.1"
	install -D -m 644 docs/man/martlet.toml.5 "$(mandir)/man5/martlet.toml.5"
	install -d "$(unitdir)"
	sed 's|^ExecStart=[^ ]*martlet|ExecStart=$(PREFIX)/bin/martlet|' config/martlet.service >"$(unitdir)/martlet.service"
	chmod 644 "$(unitdir)/martlet.service"
	install -D -m 644 -t "$(docdir)" README.md LICENSE config/martlet.toml

uninstall: ## Removes what `install` put there; configuration, ledgers and mail stay
	rm -f "$(bindir)/martlet" "$(mandir)/man1/martlet.1" "$(mandir)/man5/martlet.toml.5" "$(unitdir)/martlet.service"
	rm -rf "$(docdir)"

clean: ## Removes all that was built; what fuzzing found stays
	rm -rf .build .build-coverage .build-address .build-thread Benchmarks/.build
	@test ! -d .build-fuzz || find .build-fuzz -mindepth 1 -maxdepth 1 ! -name found ! -name broken -exec rm -rf {} +

toolchain:
	@command -v $(SWIFT) >/dev/null || { echo "Swift is not installed; 6.2 or later is needed: https://www.swift.org/install" >&2; exit 1; }
