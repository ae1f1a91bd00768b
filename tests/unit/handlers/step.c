/* SPDX-License-Identifier: MIT
 *
 * Steps keep their replies in order, refuse what the wire cannot carry, and cut long refusals at a whole character
 * (A2).
 */
#include "step.h"

#include <errno.h>

#include "tap.h"

static void test_order(void)
{
    struct step s = {0};
    struct msg m = {.number = MSG_info};
    strcpy(m.info.text, "first");
    ok(step_reply(&s, &m) == 0 && step_refuse(&s, REFUSAL_BUSY, "busy %d", 7) == 0 && step_end(&s, 3, 9) == 0,
       "three replies");
    struct msg got[3];
    struct reply *r = s.first;
    for (int i = 0; i < 3 && r != NULL; i++, r = r->next)
        is_int(msg_decode(r->bytes, r->len, &got[i]), 0, "reply %d decodes", i);
    ok(r == NULL, "and no more");
    is_str(got[0].info.text, "first", "the first comes first");
    ok(got[1].refused.error == REFUSAL_BUSY && strcmp(got[1].refused.text, "busy 7") == 0, "then the refusal");
    ok(got[2].end.count == 3 && got[2].end.cursor == 9, "then the end");
    s.job = password_job_new(PASSWORD_MAKE);
    step_clear(&s);
    ok(s.first == NULL && s.last == NULL && s.job == NULL, "nothing is left of a cleared step");
    step_clear(&s);
}

static void test_limits(void)
{
    struct step s = {0};
    struct msg m = {.number = MSG_info}, got;
    strcpy(m.info.text, "\xff");
    is_int(step_reply(&s, &m), -EILSEQ, "text that is not UTF-8 is no reply");
    ok(s.first == NULL, "and nothing is queued");
    char name[600] = "";
    for (int i = 0; i < 299; i++)
        strcat(name, "\xc3\xa9");
    is_int(step_refuse(&s, REFUSAL_NOT_FOUND, "%s", name), 0, "a refusal that is too long");
    is_int(msg_decode(s.first->bytes, s.first->len, &got), 0, "is cut");
    is_int((int64_t)strlen(got.refused.text), 512, "at a whole character");
    step_clear(&s);
}

int main(void)
{
    test_order();
    test_limits();
    return tap_done();
}
