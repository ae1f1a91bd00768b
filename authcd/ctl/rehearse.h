/* SPDX-License-Identifier: MIT
 *
 * `authctl test-login`: root walks through the login that a service would lead, and is told what it comes to and why.
 */
#ifndef REHEARSE_H
#define REHEARSE_H

#include "verbs.h"

/* Done if the login would let in. */
enum verbs_exit rehearse_run(struct job *job);

#endif
