/* SPDX-License-Identifier: MIT
 *
 * Of two values of one key the one that asks for more: how a service and a role, or two roles, go together. Whichever
 * comes first makes no difference but to the order in which factors are asked.
 */
#ifndef STRICTER_H
#define STRICTER_H

#include "config.h"

/* The factors of both, each once: a's in their order, then what only b has. */
struct config_factors stricter_factors(const struct config_factors *a, const struct config_factors *b);

/* deny before enrol before skip. */
enum config_unenrolled stricter_unenrolled(enum config_unenrolled a, enum config_unenrolled b);

/* The shorter one. */
int64_t stricter_grace(int64_t a_s, int64_t b_s);

/* The smaller one; 0 is no bound. */
uint64_t stricter_sessions(uint64_t a, uint64_t b);

/* Key by key, where both have a say; name is left as it is in a. */
struct config_role stricter_role(const struct config_role *a, const struct config_role *b);

#endif
