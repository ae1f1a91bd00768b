/* SPDX-License-Identifier: MIT
 *
 * The verbs about factors that do more than ask and show.
 */
#ifndef FACTOR_H
#define FACTOR_H

#include "verbs.h"

/* Asks for the code first, if there is a factor to confirm. */
enum verbs_exit factor_confirm(struct job *job);
/* Asks for two codes first, if the factor counts. */
enum verbs_exit factor_resync(struct job *job);
/* Shows the codes, and what to do with them. */
enum verbs_exit factor_recovery(struct job *job);

void factor_show_enrolment(const struct job *job, const struct msg *row);
void factor_show_removed(const struct job *job, const struct msg *row);

#endif
