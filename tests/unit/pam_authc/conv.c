/* SPDX-License-Identifier: MIT
 *
 * What an application can do wrong when it is asked (M5, M6): each has its code, nothing is cut, and what it returned
 * is wiped and freed (wiping is seen through an explicit_bzero of our own; leaks are ASan's to find).
 */
#include "conv.h"

#include <stdlib.h>

#include "protocol.h"
#include "tap.h"

static struct {
    int code;         /* what the conversation returns */
    const char *text; /* what it answers; NULL: no text */
    bool no_response; /* not even a struct */
    int calls, style, count;
    char seen[64];
    char *given;  /* what was returned, */
    size_t wiped; /* and how many bytes of it were wiped */
} script;

/* The symbols that conv.c's calls end at, without and with _FORTIFY_SOURCE. */
void wipe(void *p, size_t n) __asm__("explicit_bzero");
void wipe_checked(void *p, size_t n, size_t size) __asm__("__explicit_bzero_chk");

void wipe(void *p, size_t n)
{
    volatile char *at = p;
    for (size_t i = 0; i < n; i++)
        at[i] = 0;
    if (p == script.given)
        script.wiped = n;
}

void wipe_checked(void *p, size_t n, size_t size)
{
    (void)size;
    wipe(p, n);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses, void *data)
{
    (void)data;
    script.calls++;
    script.count = count;
    script.style = messages[0]->msg_style;
    snprintf(script.seen, sizeof script.seen, "%s", messages[0]->msg);
    if (script.no_response)
        return script.code;
    struct pam_response *r = calloc(1, sizeof *r);
    if (r != NULL && script.text != NULL)
        r->resp = script.given = strdup(script.text);
    *responses = r;
    return script.code;
}

static const struct pam_conv with = {converse, NULL};
static const struct pam_conv without = {NULL, NULL};
static const struct pam_conv *conversation = &with;

static pam_handle_t *const pamh = (pam_handle_t *)&script; /* any address: nobody looks into it */

/* libpam's, for this test. */
int pam_get_item(const pam_handle_t *handle, int type, const void **item)
{
    (void)handle;
    *item = type == PAM_CONV ? conversation : NULL;
    return PAM_SUCCESS;
}

static int ask(int code, const char *text, struct secret *ret)
{
    memset(&script, 0, sizeof script);
    script.code = code;
    script.text = text;
    return conv_ask(pamh, false, "Password: ", ret);
}

static char *letters(size_t n)
{
    char *s = malloc(n + 1);
    if (s == NULL)
        abort();
    memset(s, 'x', n);
    s[n] = '\0';
    return s;
}

static void test_answers(void)
{
    struct secret s = {0};
    is_int(ask(PAM_SUCCESS, "hunter2", &s), PAM_SUCCESS, "an answer");
    ok(s.len == 7 && memcmp(s.bytes, "hunter2", 7) == 0, "as it was typed");
    ok(script.count == 1 && script.style == PAM_PROMPT_ECHO_OFF, "one message, echo off");
    is_str(script.seen, "Password: ", "the text as it is");
    is_int(ask(PAM_SUCCESS, "", &s), PAM_SUCCESS, "an empty answer is one");
    is_int(s.len, 0, "and is empty");
    memset(&script, 0, sizeof script);
    script.text = "123456";
    is_int(conv_ask(pamh, true, "%s%n", &s), PAM_SUCCESS, "echo on");
    is_int(script.style, PAM_PROMPT_ECHO_ON, "is asked with echo");
    is_str(script.seen, "%s%n", "text is no format");
}

static void test_lengths(void)
{
    static const struct {
        size_t len;
        int code;
    } rows[] = {{1, PAM_SUCCESS},
                {512, PAM_SUCCESS},
                {SECRET_MAX, PAM_SUCCESS},
                {SECRET_MAX + 1, PAM_AUTH_ERR},
                {4097, PAM_AUTH_ERR},
                {PROTOCOL_PACKET_MAX, PAM_AUTH_ERR},
                {PROTOCOL_PACKET_MAX + 1, PAM_CONV_ERR},
                {1024 * 1024, PAM_CONV_ERR}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct secret s = {0};
        char *text = letters(rows[i].len);
        is_int(ask(PAM_SUCCESS, text, &s), rows[i].code, "an answer of %zu bytes", rows[i].len);
        is_int(s.len, rows[i].code == PAM_SUCCESS ? rows[i].len : 0, "whole or nothing");
        is_int(script.wiped, rows[i].len, "wiped");
        free(text);
    }
}

static void test_failures(void)
{
    static const struct {
        int from, to;
    } rows[] = {{PAM_CONV_ERR, PAM_CONV_ERR},     {PAM_CONV_AGAIN, PAM_INCOMPLETE}, {PAM_BUF_ERR, PAM_BUF_ERR},
                {PAM_AUTH_ERR, PAM_CONV_ERR},     {PAM_IGNORE, PAM_CONV_ERR},       {-1, PAM_CONV_ERR},
                {PAM_INCOMPLETE, PAM_INCOMPLETE}, {PAM_SYSTEM_ERR, PAM_CONV_ERR},   {4711, PAM_CONV_ERR}};
    struct secret s = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        is_int(ask(rows[i].from, "typed nevertheless", &s), rows[i].to, "conversation says %d", rows[i].from);
        is_int(s.len, 0, "what came with it is not used");
        is_int(script.wiped, strlen("typed nevertheless"), "and is wiped");
    }
    is_int(ask(PAM_SUCCESS, NULL, &s), PAM_CONV_ERR, "no text is the end of file");
    memset(&script, 0, sizeof script);
    script.no_response = true;
    is_int(conv_ask(pamh, false, "Password: ", &s), PAM_CONV_ERR, "no response at all");
    conversation = NULL;
    is_int(ask(PAM_SUCCESS, "x", &s), PAM_CONV_ERR, "no PAM_CONV");
    conversation = &without;
    is_int(ask(PAM_SUCCESS, "x", &s), PAM_CONV_ERR, "no function in it");
    is_int(script.calls, 0, "nobody was called");
    conversation = &with;
}

static void test_tell(void)
{
    memset(&script, 0, sizeof script);
    script.text = "an answer to a message that asks nothing";
    is_int(conv_tell(pamh, PAM_TEXT_INFO, "Hello %d"), PAM_SUCCESS, "told");
    ok(script.style == PAM_TEXT_INFO && strcmp(script.seen, "Hello %d") == 0, "as it is");
    memset(&script, 0, sizeof script);
    script.no_response = true;
    is_int(conv_tell(pamh, PAM_ERROR_MSG, "No."), PAM_SUCCESS, "no response is right for a message");
    script.code = PAM_CONV_AGAIN;
    is_int(conv_tell(pamh, PAM_ERROR_MSG, "No."), PAM_INCOMPLETE, "again");
}

int main(void)
{
    test_answers();
    test_lengths();
    test_failures();
    test_tell();
    return tap_done();
}
