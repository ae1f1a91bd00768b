/* SPDX-License-Identifier: MIT
 *
 * The journal writer's thread, and what a row looks like outside the database. Sees no database and none of the loop's
 * memory: rows come as copies.
 */
#ifndef JOURNAL_WRITER_H
#define JOURNAL_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "audit.h"

enum { JOURNAL_LINE_SIZE = 2048 };

struct journal_record {
    struct audit row;
    char user[257]; /* the account's name now; "" if it has none */
};

/* argument: int *fd of a SOCK_SEQPACKET pair. Takes struct journal_record, gives back row.seq (int64_t) once the
 * journal has it; ends when the other side is shut down. */
void *journal_writer_run(void *argument);

/* Is there a journal to send to? libsystemd says success where there is none. */
bool journal_writer_is_there(void);

/* One line for log_event: "12 login.failure ada sshd 10.0.0.7 wrong password, 1 of 5". -EMSGSIZE. */
int journal_writer_line(const struct journal_record *r, char *out, size_t cap) __attribute__((warn_unused_result));

#endif
