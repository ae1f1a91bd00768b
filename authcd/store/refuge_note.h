/* SPDX-License-Identifier: MIT
 *
 * What a refuge notes about the database that stayed behind, so that whoever comes back knows whether it is still the
 * one that was left. The note is also what says that a refuge is in force.
 */
#ifndef REFUGE_NOTE_H
#define REFUGE_NOTE_H

#include "audit.h"

struct refuge_note {
    struct audit_point left; /* where its audit was when the refuge was made */
    struct audit_point sent; /* and the refuge's own when it was last on its way back: it may have arrived, unnoticed */
};

/* Notes it in the copy that was just made, together with the first event there. */
int refuge_note_left(struct db *there, const struct audit *why) __attribute__((warn_unused_result));
int refuge_note_sent(struct db *there, struct refuge_note *note) __attribute__((warn_unused_result));

/* -ENOENT: there is none. */
int refuge_note_read(struct db *there, struct refuge_note *ret) __attribute__((warn_unused_result));

/* Is the refuge the continuation of a database whose audit is at that point? */
bool refuge_note_awaits(const struct refuge_note *note, const struct audit_point *at_home);

/* In the database that came back. One that stays would mean nothing there. */
void refuge_note_forget(struct db *db);

#endif
