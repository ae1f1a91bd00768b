/* SPDX-License-Identifier: MIT
 *
 * Metrics in the text format of Prometheus, version 0.0.4.
 */
#ifndef METRICS_H
#define METRICS_H

#include <stdio.h>

#include "msg.h"

struct job;

/* One sample; before it, if the last one was of another name, what the name means. last may be NULL. */
void metrics_print(FILE *out, const struct msg_row_metric *row, const struct msg_row_metric *last);

/* The same as a row of the verb. */
void metrics_show(const struct job *job, const struct msg *row);

/* Below the record of status: where the rest is. */
void metrics_hint(const struct job *job, const struct msg *row);

#endif
