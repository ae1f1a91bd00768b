/* SPDX-License-Identifier: MIT
 *
 * Records and sentences from field tables.
 */
#include "print.h"

#include <stdlib.h>
#include <time.h>

#include "tap.h"

static char *text;
static size_t len;

static FILE *begin(void)
{
    free(text);
    text = NULL;
    return open_memstream(&text, &len);
}

static void test_record(void)
{
    struct msg m = {.number = MSG_row_user};
    FILE *out = begin();

    strcpy(m.row_user.user, "ada\033");
    m.row_user.uid = 1001;
    m.row_user.wait_s = 900;
    m.row_user.created_at = 1763726400;
    print_record(out, &m, "user uid password wait_s created_at last_login_at", 0);
    fclose(out);
    is_str(text,
           "user        ada\\x1b\n"
           "uid         1001\n"
           "password    no\n"
           "wait        15m\n"
           "created     2025-11-21 12:00:00\n"
           "last login  never\n",
           "one field a line");
    m.row_user.wait_s = -1;
    out = begin();
    print_record(out, &m, "wait_s", 0);
    fclose(out);
    is_str(text, "wait  no end\n", "a wait without end");
}

static void sentence(const char *words, const struct print_words *from, const char *want)
{
    FILE *out = begin();
    print_sentence(out, words, from);
    fclose(out);
    is_str(text, want, "%s", words);
}

static void test_sentences(void)
{
    struct msg row = {.number = MSG_row_user}, request = {.number = MSG_user_add};
    struct print_words words = {.row = &row, .request = &request, .user = "me"};

    strcpy(row.row_user.user, "ada");
    row.row_user.uid = 1001;
    strcpy(request.user_add.role, "admin");
    sentence("{user}: added (uid {uid}, {role}).", &words, "ada: added (uid 1001, admin).\n");
    row.row_user.user[0] = '\0';
    sentence("{user}", &words, "me\n");
    strcpy(request.user_add.user, "eve\n");
    sentence("{user}", &words, "eve\\x0a\n");
    sentence("{nothing} {", &words, "- -\n");
    sentence("plain", &(struct print_words){0}, "plain\n");
}

static void test_long(void)
{
    struct msg row = {.number = MSG_row_token};
    struct print_words words = {.row = &row};
    FILE *out = begin();

    memset(row.row_token.token, 'x', 8192);
    print_sentence(out, "{token}", &words);
    fclose(out);
    is_int(len, 8193, "the longest token is whole");
}

static void test_lines(void)
{
    FILE *out = begin();

    print_lines(out, "\xe2\x96\x80\xe2\x96\x84\n\033[2J\nlast");
    fclose(out);
    is_str(text, "\xe2\x96\x80\xe2\x96\x84\n\\x1b[2J\nlast\n", "lines stay lines, all else is shown");
    out = begin();
    print_lines(out, "");
    fclose(out);
    is_int(len, 0, "no line from no text");
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    test_record();
    test_sentences();
    test_long();
    test_lines();
    free(text);
    return tap_done();
}
