/* SPDX-License-Identifier: MIT
 *
 * What people are told of an account's limits: who waits until when, and why (L10).
 */
#include "account.h"

#include <stdlib.h>
#include <time.h>

#include "tap.h"

enum { NOW = 1763726400 }; /* 2025-11-21 12:00:00 UTC */

static struct msg m;

static void says(const char *want, const char *name)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    account_limits(out, &m, NOW);
    fclose(out);
    is_str(text, want, "%s", name);
    free(text);
}

static void fresh(void)
{
    m = (struct msg){.number = MSG_row_user, .row_user = {.user = "ada", .known_sources = 1}};
}

static void besieged(void)
{
    fresh();
    m.row_user.failures = 7;
    m.row_user.sources = 3;
    m.row_user.consecutive = 7;
    m.row_user.wait_s = 90;
    m.row_user.last_failure_at = NOW - 1680;
    strcpy(m.row_user.last_source, "203.0.113.9");
}

static void test_waits(void)
{
    fresh();
    says("", "nothing");
    besieged();
    m.row_user.wait_s = 0;
    says("", "failures alone stop nobody");
    besieged();
    says("Strangers wait until 12:02: 7 failures from 3 sources, last from 203.0.113.9 at 11:32; "
         "known sources unaffected.\n",
         "a wait; its end is never told too early");
    m.row_user.wait_s = 120;
    says("Strangers wait until 12:02: 7 failures from 3 sources, last from 203.0.113.9 at 11:32; "
         "known sources unaffected.\n",
         "nor too late");
    m.row_user.everybody = true;
    m.row_user.failures = m.row_user.sources = 1;
    m.row_user.wait_s = 13 * 3600;
    says("Everybody waits until 2025-11-22 01:00: 1 failure from 1 source, last from 203.0.113.9 at 11:32; "
         "known sources as well.\n",
         "everybody, until tomorrow");
}

static void test_refused(void)
{
    besieged();
    m.row_user.wait_s = -1;
    m.row_user.consecutive = 100;
    says("Strangers are refused until a known source succeeds or \"authctl user unlock ada\": 100 failures in a row, "
         "last from 203.0.113.9 at 11:32; known sources unaffected.\n",
         "until somebody helps");
    m.row_user.everybody = true;
    m.row_user.last_failure_at = 0;
    says("Everybody is refused until \"authctl user unlock ada\": 100 failures in a row; known sources as well.\n",
         "until an administrator helps");
}

static void test_codes(void)
{
    fresh();
    m.row_user.wrong_codes = 3;
    m.row_user.codes_wait_s = 30;
    m.row_user.known_wrong_codes = 20;
    m.row_user.known_codes_wait_s = -1;
    says("Codes of strangers wait until 12:01: 3 wrong ones.\n"
         "Codes of known sources are refused until a recovery code is used or \"authctl user unlock ada\": "
         "too many wrong ones in a row.\n",
         "codes");
}

static void test_hostile(void)
{
    besieged();
    strcpy(m.row_user.last_source, "name:\033[2J\n");
    strcpy(m.row_user.user, "\xc2\x9b");
    m.row_user.wait_s = -1;
    says("Strangers are refused until a known source succeeds or \"authctl user unlock \\xc2\\x9b\": 7 failures in a "
         "row, last from name:\\x1b[2J\\x0a at 11:32; known sources unaffected.\n",
         "nothing from outside reaches the terminal as it came");
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    test_waits();
    test_refused();
    test_codes();
    test_hostile();
    return tap_done();
}
