/* SPDX-License-Identifier: MIT
 *
 * Sudo's own memory of this terminal. authcd gives sudo a time of grace without a code only while sudo itself has a
 * record of the terminal that nobody took back, so that `sudo -k` means to authcd what it means to sudo.
 */
#ifndef TICKET_H
#define TICKET_H

#include <stdbool.h>

/* True if service is sudo's, sudo was not told to forget (-k), and /run/sudo/ts has a record of user in this terminal
 * session that is not disabled, however old (sudoers_timestamp(5)). False whenever it cannot be found out, as where
 * sudo keeps none (timestamp_timeout=0) or another kind (timestamp_type). */
bool ticket_stands(const char *service, const char *user);

#endif
