# SPDX-License-Identifier: GPL-2.0
#
# "make help" lists what there is to make.

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
DKMS_SRC = $(DESTDIR)/usr/src/l7mesh-$(VERSION)

# Debian builds no vmlinux into its headers, so there is no BTF to make.
KBUILD = $(MAKE) -C $(KDIR) M=$(CURDIR) CONFIG_DEBUG_INFO_BTF_MODULES=

.DEFAULT_GOAL := all

.PHONY: all
all: module meshctl	## l7mesh.ko for the running kernel (KDIR=), and meshctl

.PHONY: module
module: headers		## l7mesh.ko alone
	+$(KBUILD) modules

.PHONY: headers
headers:
	@test -e $(KDIR)/Makefile || { \
		echo "There are no kernel headers at $(KDIR)."; \
		echo "Run, as root:  apt-get install linux-headers-$$(uname -r)"; \
		echo "or name others: make KDIR=/usr/src/linux-headers-VERSION"; \
		exit 1; } >&2

.PHONY: meshctl
meshctl:		## the tool alone
	$(MAKE) -C tools/meshctl

.PHONY: demo
demo:			## show it at work, in a VM (KEEP=1: stay at a shell in it)
	@selftests/lib/deps.sh build vm tests
	@selftests/vm/run -t $(if $(KEEP),0,900) -- selftests/demo.sh $(if $(KEEP),--keep)

.PHONY: bench
bench:			## beside other ways, in instructions (BENCH="-q": quick; -c, -w, -l, -a)
	@selftests/bench/run $(BENCH)

.PHONY: bench-check
bench-check:		## whether anything needs 3% more instructions than it did
	@selftests/bench/check

.PHONY: bench-splice
bench-splice:		## instructions per round trip and KiB, spliced and not, in a VM
	@selftests/bench/splice

.PHONY: bench-longest
bench-longest:		## for how many instructions anybody keeps a CPU, in a VM
	@selftests/bench/longest

.PHONY: test
test:			## unit tests and the selftests, in VMs side by side (TESTS="a b": only these)
	@selftests/all $(TESTS)

.PHONY: test-debug
test-debug:		## the selftests on a debug kernel: KASAN, lockdep, coverage (TESTS=)
	@selftests/debug $(TESTS)

.PHONY: test-faults
test-faults:		## on that kernel: what is made to fail, one after the other (TESTS=)
	@selftests/debug -s fault $(TESTS)

.PHONY: test-load
test-load:		## what takes long: everything in bulk (TESTS=)
	@selftests/load $(TESTS)

.PHONY: test-kernels
test-kernels:		## build and test on Debian's 6.1, 6.12 and newest (KERNELS=)
	@selftests/kernels $(KERNELS)

.PHONY: build-kernels
build-kernels:		## only build for them, for arm64 and PREEMPT_RT
	@selftests/kernels -b $(KERNELS)

.PHONY: fuzz
fuzz:			## fuzz the parsers and the like for SECONDS=60 each (TARGETS=)
	@selftests/fuzz/run $(or $(SECONDS),60) $(TARGETS)

.PHONY: torture
torture:		## everything at once, for MINUTES=5 (KERNEL=debug)
	@selftests/lib/deps.sh build vm tests
	@selftests/vm/run $(if $(KERNEL),-k $(KERNEL)) -m 4G \
		-t $$(($(or $(MINUTES),5) * 60 + 900)) -- \
		selftests/torture.py $(or $(MINUTES),5)

.PHONY: unit
unit:			## the unit tests, in user space
	$(MAKE) -C selftests/unit run

.PHONY: bench-maglev
bench-maglev:		## measure Maglev's tables
	$(MAKE) -C selftests/unit bench BENCHFLAGS=maglev

.PHONY: bench-http1
bench-http1:		## measure the parser of heads, beside libhttp-parser
	@selftests/lib/deps.sh bench
	$(MAKE) -C selftests/unit bench BENCHFLAGS=http1

.PHONY: bench-http2
bench-http2:		## measure how a request of HTTP/2 is read and written
	@selftests/lib/deps.sh bench
	$(MAKE) -C selftests/unit bench BENCHFLAGS=http2

.PHONY: bench-route
bench-route:		## measure how a request's route is found
	@selftests/lib/deps.sh bench
	$(MAKE) -C selftests/unit bench BENCHFLAGS=route

.PHONY: check
check:			## static analysis: silent if all is well
	@selftests/check

.PHONY: gen
gen:			## what is made of uapi/l7mesh.yaml: header, tables, documents
	@selftests/lib/deps.sh gen
	@tools/gen/generate

.PHONY: install
install: all		## the module and meshctl, for this machine
	+$(KBUILD) modules_install
	$(if $(DESTDIR),,depmod -a)
	$(MAKE) -C tools/meshctl install

.PHONY: dkms-source
dkms-source:		## what DKMS builds from, in /usr/src
	rm -rf $(DKMS_SRC)
	mkdir -p $(DKMS_SRC)/uapi
	cp -R Kbuild Makefile dkms.conf LICENSE $(DKMS_SRC)
	cp --parents module/*.[ch] module/*/*.[ch] module/*/generated/*.[ch] $(DKMS_SRC)
	cp -R uapi/linux $(DKMS_SRC)/uapi

.PHONY: dkms-install
dkms-install:		## the module by DKMS, so that it follows kernel updates
	@command -v dkms >/dev/null || { \
		echo "dkms is missing. Run, as root:  apt-get install dkms" >&2; \
		exit 1; }
	$(MAKE) dkms-source
	dkms install l7mesh/$(VERSION)

.PHONY: clean
clean:			## remove what was built
	@if test -e $(KDIR)/Makefile; then $(KBUILD) clean; fi
	rm -rf *.o *.ko *.mod *.mod.c .*.cmd Module.symvers modules.order
	rm -f $(foreach dir,module module/* module/*/generated,$(dir)/*.o $(dir)/.*.cmd)
	@for dir in tools/meshctl selftests/unit selftests/fuzz; do \
		if test -e $$dir/Makefile; then $(MAKE) -C $$dir clean; fi; \
	done

.PHONY: help
help:
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | \
		expand -t 16
