/* SPDX-License-Identifier: MIT
 *
 * Tables for people: the audit as the manual shows it, and what a hostile name may do to one (A2).
 */
#include "table.h"

#include <stdlib.h>
#include <time.h>

#include "tap.h"

enum { DAY = 1763683200, NOW = DAY + 43200 }; /* 2025-11-21, noon UTC */

static char *text;
static size_t len;

static FILE *begin(void)
{
    free(text);
    text = NULL;
    return open_memstream(&text, &len);
}

static struct msg event(int64_t seq, int64_t at, const char *what, const char *service, const char *result)
{
    struct msg m = {.number = MSG_row_event};

    m.row_event.seq = seq;
    m.row_event.time_at = at;
    strcpy(m.row_event.event, what);
    strcpy(m.row_event.user, "ada");
    strcpy(m.row_event.service, service);
    strcpy(m.row_event.source, "10.0.0.7");
    strcpy(m.row_event.result, result);
    return m;
}

static const char AUDIT[] = "seq time_at event user service source result";

static void test_audit(void)
{
    struct table t = {.now_s = NOW};
    struct msg a = event(9, DAY + 34791, "login.password", "sshd", "wrong password, 1 of 5");
    struct msg b = event(217, DAY + 34802, "token.mint", "", "web, ES256, 15m");

    table_open(&t, MSG_row_event, AUDIT, "user");
    FILE *out = begin();
    ok(table_add(&t, &a) == 0 && table_add(&t, &b) == 0, "two rows");
    table_flush(&t, out);
    fflush(out);
    is_str(text,
           "  SEQ  TIME      EVENT           SERVICE  SOURCE    RESULT\n"
           "    9  09:39:51  login.password  sshd     10.0.0.7  wrong password, 1 of 5\n"
           "  217  09:40:02  token.mint      -        10.0.0.7  web, ES256, 15m\n",
           "numbers to the right, no user, no trailing space");
    ok(table_add(&t, &b) == 0, "a second page");
    table_flush(&t, out);
    fclose(out);
    ok(strstr(strstr(text, "SEQ") + 1, "SEQ") == NULL, "has no heads of its own");
    table_free(&t);
}

static void test_hostile(void)
{
    struct table t = {.now_s = NOW};
    struct msg a = event(1, DAY, "login.unknown", "ss\033[2Jhd",
                         "na\xc3\xafve\nPRIORITY=0 \xc2\x9b"
                         "1m");

    table_open(&t, MSG_row_event, "service result", NULL);
    FILE *out = begin();
    ok(table_add(&t, &a) == 0, "a row with control characters");
    table_flush(&t, out);
    fclose(out);
    is_str(text,
           "  SERVICE      RESULT\n"
           "  ss\\x1b[2Jhd  na\xc3\xafve\\x0aPRIORITY=0 \\xc2\\x9b"
           "1m\n",
           "shows them");
    table_free(&t);
}

static void test_bold(void)
{
    struct table t = {.bold = true};

    table_open(&t, MSG_row_setting, "section key", NULL);
    FILE *out = begin();
    table_flush(&t, out);
    fclose(out);
    is_str(text, "\033[1m  SECTION  KEY\033[22m\n", "heads are bold, and nothing else is");
    table_free(&t);
}

static void test_many(void)
{
    struct table t = {.now_s = NOW};
    struct msg a = event(1, DAY, "x", "y", "z");

    table_open(&t, MSG_row_event, NULL, NULL);
    is_int(t.columns.n, 9, "all columns");
    for (int i = 0; i < 1000; i++)
        if (table_add(&t, &a) < 0)
            break;
    is_int(t.n_cells, 9000, "a thousand rows");
    table_free(&t);
    table_free(&t);
    ok(true, "freed twice");
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    test_audit();
    test_hostile();
    test_bold();
    test_many();
    free(text);
    return tap_done();
}
