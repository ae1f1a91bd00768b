/* SPDX-License-Identifier: MIT
 *
 * What callers of the sequence fuzzer say: passwords and codes, right, wrong, late or another's, and a value for each
 * field of a request, all chosen by the bytes of the input.
 */
#ifndef SAYINGS_H
#define SAYINGS_H

#include "truth.h"

static struct reader {
    const uint8_t *at;
    size_t left;
} input;

/* What authcd has said, to be said back to it: tokens, and names of sessions. */
static char tokens[4][sizeof((struct msg_row_token *)0)->token];
static char names[4][33]; /* of sessions */
static size_t n_tokens, n_names;

static uint8_t take(void)
{
    if (input.left == 0)
        return 0;
    input.left--;
    return *input.at++;
}

#define PICK(table) ((table)[take() % (sizeof(table) / sizeof *(table))])

enum typed {
    TYPED_RIGHT,
    TYPED_WRONG,
    TYPED_CODE,
    TYPED_CODE_BEFORE,
    TYPED_CODE_AFTER,
    TYPED_NEWEST,
    TYPED_COMBINED,
    TYPED_FAKE,
    TYPED_FRESH,
    TYPED_FRESHER,
    TYPED_RAW,
    TYPED_LONG,
    TYPED_RECOVERY,
    TYPED_RECOVERY_COMBINED,
    TYPED_COUNT,
};

/* A code of that account's first confirmed factor, or of its newest one. */
static void type_code(int64_t account_id, int64_t steps, bool newest, struct secret *s)
{
    struct factor f = {0}, chosen = {0};
    struct otp otp = {0};
    char code[OTP_CODE_SIZE] = "000000";
    while (account_id && factors_next(desk.db, account_id, f.number, &f) == 0)
        if (newest || (f.confirmed_at && !chosen.id))
            chosen = f;
    if (chosen.id && factors_otp(desk.db, &chosen, &otp) == 0 &&
        otp_code(&otp, (otp.period_s ? dispatch.now.wall_s / otp.period_s : chosen.last_step + 1) + steps, code) < 0)
        strcpy(code, "000000");
    desk_must(secret_set(s, code, strlen(code)), "code");
}

static void type_text(struct secret *s, const char *text)
{
    desk_must(secret_set(s, text, strlen(text)), "text");
}

static void type(int64_t account_id, enum typed typed, struct secret *s)
{
    const struct secret *password = world_password_of(account_id);
    struct secret code;
    switch (typed) {
    case TYPED_RIGHT:
        *s = password ? *password : (struct secret){3, "abc"};
        break;
    case TYPED_CODE:
    case TYPED_CODE_BEFORE:
    case TYPED_CODE_AFTER:
        type_code(account_id, typed == TYPED_CODE ? 0 : typed == TYPED_CODE_BEFORE ? -1 : 1, false, s);
        break;
    case TYPED_NEWEST:
        type_code(account_id, 0, true, s);
        break;
    case TYPED_COMBINED:
        type(account_id, TYPED_RIGHT, s);
        type_code(account_id, 0, false, &code);
        if (s->len + code.len <= SECRET_MAX)
            memcpy(s->bytes + s->len, code.bytes, code.len), s->len += code.len;
        break;
    case TYPED_RAW:
        s->len = take() % 24;
        for (size_t i = 0; i < s->len; i++)
            s->bytes[i] = take();
        break;
    case TYPED_RECOVERY:
        type_text(s, n_papers ? papers[take() % n_papers].code : "bcde-fghj-knpr-stvx-bcde");
        break;
    case TYPED_RECOVERY_COMBINED:
        type(account_id, TYPED_RIGHT, s);
        type(account_id, TYPED_RECOVERY, &code);
        if (s->len + code.len <= SECRET_MAX)
            memcpy(s->bytes + s->len, code.bytes, code.len), s->len += code.len;
        break;
    case TYPED_LONG:
        s->len = SECRET_MAX - take();
        memset(s->bytes, 'x', s->len);
        break;
    case TYPED_FAKE:
        type_text(s, "\b\n\r\177INCORRECT\b\n\r");
        break;
    case TYPED_FRESH:
        type_text(s, "tomorrow's weather, please");
        break;
    case TYPED_FRESHER:
        type_text(s, "yesterday's weather, too");
        break;
    case TYPED_WRONG:
    case TYPED_COUNT:
        type_text(s, "not that one");
        break;
    }
}

static const char *any_text(void)
{
    static char raw[9];
    static const char *const words[] = {
        "",     "ada",    "bob", "cyd",  "dee",  "eve",  "user", "admin", "superadmin", "guest",     "totp", "phone",
        "SHA1", "SHA512", "web", "bank", "aal1", "aal2", "king", "ada\n", "x\\x1b[31m", "q\xc3\xa9", "hotp", "sshd"};
    uint8_t b = take();
    if (b < sizeof words / sizeof *words)
        return words[b];
    if (b < 64)
        return names[b % 4];
    if (b < 128)
        return tokens[b % 4];
    for (size_t i = 0; i < sizeof raw - 1; i++)
        raw[i] = (char)take();
    return raw;
}

/* A value for each field, by its kind. Texts that are too long for theirs stay empty. */
static void fill(const struct caller *c, struct msg *m, const struct msg_field *f)
{
    static const uint32_t numbers[] = {0, 1, 2, 3, 1001, 1002, 3000, 65534, PROTOCOL_NO_UID};
    static const int64_t times[] = {0, 1, 2, 5, -1, 2000000000, INT64_MAX, INT64_MIN};
    unsigned char *to = (unsigned char *)m + ((const unsigned char *)msg_value(m, f) - (const unsigned char *)m);
    struct account a = {0};
    switch (f->kind) {
    case MSG_TEXT: {
        const char *text = any_text();
        if (strlen(text) <= f->max)
            memcpy(to, text, strlen(text) + 1);
        break;
    }
    case MSG_SECRET:
        if (named(m)[0] || accounts_by_uid(desk.db, c->peer.uid, &a) < 0)
            a = world_account(named(m));
        type(a.id, take() % TYPED_COUNT, (struct secret *)(void *)to);
        break;
    case MSG_U32:
        memcpy(to, &PICK(numbers), sizeof numbers[0]);
        break;
    case MSG_I64:
        memcpy(to, &PICK(times), sizeof times[0]);
        break;
    case MSG_U8:
    case MSG_FIXED:
        *to = take() % 10;
        break;
    case MSG_FLAG: /* a bool holds nothing else */
        *to = take() % 2;
        break;
    }
}

#endif
