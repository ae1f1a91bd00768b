# SPDX-License-Identifier: MIT
#
# `make install`: everything a package holds, under $(DESTDIR). What decides how a host logs in - /etc/pam.d, sshd_config,
# sudoers - is never touched: those files go to the documentation as examples, and an administrator puts them in place. An
# authcd.conf that is there already stays as it is.

INSTALL  ?= install
EXAMPLES := $(DOCDIR)/examples
LIBDIR   ?= $(PREFIX)/lib

MAN_PAGES := common/authc-protocol.7 pam_authc/pam_authc.8 authcd/authcd.8 authcd/authcd.conf.5 authcd/ctl/authctl.1
UNITS     := packaging/authcd.service packaging/authcd-system.socket packaging/authcd-user.socket

install: all
	@$(INSTALL) -D -m 0755 -t $(DESTDIR)$(SBINDIR) $(BUILD)/authcd
	@$(INSTALL) -D -m 0755 -t $(DESTDIR)$(BINDIR) $(BUILD)/authctl
	@$(INSTALL) -D -m 0644 -t $(DESTDIR)$(PAMDIR) $(BUILD)/pam_authc.so
	@$(foreach p,$(MAN_PAGES),$(INSTALL) -D -m 0644 -t $(DESTDIR)$(MANDIR)/man$(patsubst .%,%,$(suffix $(p))) $(p) &&) true
	@test -e $(DESTDIR)$(SYSCONFDIR)/authc/authcd.conf || \
		$(INSTALL) -D -m 0644 -t $(DESTDIR)$(SYSCONFDIR)/authc conf/authcd.conf
	@$(INSTALL) -D -m 0644 -t $(DESTDIR)$(EXAMPLES)/pam.d conf/pam.d/*
	@$(INSTALL) -D -m 0644 -t $(DESTDIR)$(EXAMPLES)/sshd_config.d conf/sshd_config.d/authc.conf
	@$(INSTALL) -D -m 0440 -t $(DESTDIR)$(EXAMPLES)/sudoers.d conf/sudoers.d/authc
	@$(INSTALL) -D -m 0644 -t $(DESTDIR)$(EXAMPLES)/systemd conf/systemd/*
	@$(INSTALL) -D -m 0644 -t $(DESTDIR)$(UNITDIR) $(UNITS)
	@$(INSTALL) -D -m 0644 packaging/authc.sysusers $(DESTDIR)$(LIBDIR)/sysusers.d/authc.conf
	@$(INSTALL) -D -m 0644 packaging/authc.tmpfiles $(DESTDIR)$(LIBDIR)/tmpfiles.d/authc.conf
	@$(INSTALL) -D -m 0644 -t $(DESTDIR)$(LIBDIR)/systemd/catalog packaging/authc.catalog
	@$(INSTALL) -D -m 0644 packaging/authctl.bash-completion $(DESTDIR)$(PREFIX)/share/bash-completion/completions/authctl
	@echo "  INSTALL $(or $(DESTDIR),/)"
