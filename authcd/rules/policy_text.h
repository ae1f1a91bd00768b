/* SPDX-License-Identifier: MIT
 *
 * What policy_explain decided, and which rule decided it, in words for people: what is asked, what each key comes to
 * and where that value is written, and whether they get in. Decides nothing.
 */
#ifndef POLICY_TEXT_H
#define POLICY_TEXT_H

#include "policy.h"

struct policy_text {
    char item[33];
    char value[257];
    char rule[513]; /* "[service sudo] factors = password otp", "built-in default sessions = no", ... */
};

/* What is asked, in order, and why that is less than factors say, if it is. */
void policy_text_asked(const struct policy_case *in, const struct policy_plan *plan, struct policy_text *ret);

/* What the keys that had a say come to: 0-based index; false past the end. */
bool policy_text_key(const struct policy_case *in, const struct policy_plan *plan, size_t index,
                     struct policy_text *ret);

/* Whether the account gets in: at phase auth with right answers, and at phase acct. */
void policy_text_login(const struct policy_case *in, const struct policy_plan *plan, struct policy_text *ret);
void policy_text_acct(const struct policy_case *in, const struct policy_plan *plan, struct policy_text *ret);

#endif
