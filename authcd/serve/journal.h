/* SPDX-License-Identifier: MIT
 *
 * The way from the audit table to the systemd journal: a thread of its own sends rows in order and acknowledges each,
 * so that a journal that is absent, stalled or restarted never holds up a login. The table is the outbox: what was not
 * acknowledged goes again after a restart (at least once; AUTHC_SEQ tells a repeat). Where there is no journal, new
 * events are also shown on stderr, for a person who runs authcd in a terminal.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "audit.h"
#include "db.h"

enum { JOURNAL_IN_FLIGHT_MAX = 64 };

struct journal;

/* Starts the writer, which goes on after what `delivered` says. */
int journal_new(struct db *db, struct journal **ret) __attribute__((warn_unused_result));
/* Ends the writer; rows in flight may be sent again by the next one. NULL does nothing. */
void journal_free(struct journal *j);

/* Hands new rows to the writer; after the turn's sync only, because a row that a power cut takes back must not have
 * been seen. Never blocks. */
int journal_pump(struct journal *j, struct db *db) __attribute__((warn_unused_result));

/* Readable while acknowledgements are there; journal_acknowledged reads them. */
int journal_fd(const struct journal *j);
void journal_acknowledged(struct journal *j);
bool journal_has_news(const struct journal *j); /* for journal_note */

/* Waits up to ms for the writer to send what it has, if there is a journal at all: at the end. */
void journal_linger(struct journal *j, int ms);

/* Notes in the database what was acknowledged since the last call, in a transaction of its own. */
int journal_note(struct journal *j, struct db *db) __attribute__((warn_unused_result));

#endif
