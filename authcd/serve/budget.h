/* SPDX-License-Identifier: MIT
 *
 * How often a uid that is not root may make authcd write: each attempt and each refused token is an audit row, and
 * without a bound one local process could fill the disk. A bucket of tokens for each uid, in a table of fixed size;
 * uids that fall on the same row share it. Root's programs are not counted here: what they ask for others is bounded by
 * limits.
 */
#ifndef BUDGET_H
#define BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum { BUDGET_ROWS = 1024, BUDGET_BURST = 200, BUDGET_PER_S = 2 };

/* All zero is a table in which nobody has asked yet. */
struct budget {
    struct {
        int64_t since_ms; /* when spent was as it is */
        int64_t spent;    /* thousandths */
    } rows[BUDGET_ROWS];
};

/* Takes one for uid at now_ms (BOOTTIME); false: there is none left. */
bool budget_take(struct budget *b, uint32_t uid, int64_t now_ms);

#endif
