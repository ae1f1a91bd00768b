/* SPDX-License-Identifier: MIT
 *
 * Decodes a compact JWS (RFC 7515 section 3.1) for reading. What it shows is as it was written, times beside it in
 * local time; control characters leave as escapes. Whether it is worth anything is `token verify`'s to say.
 */
#include "inspect.h"

#include <errno.h>
#include <string.h>

#include "base64url.h"
#include "field.h"
#include "job.h"
#include "json.h"
#include "object.h"
#include "own.h"
#include "say.h"
#include "text.h"
#include "when.h"

enum { TOKEN_SIZE = 8193, ROOM = TOKEN_SIZE * 3 / 4 + 3 };

/* What was decoded so far, each part ended by a NUL. */
struct parts {
    size_t used;
    unsigned char bytes[ROOM];
};

static void parts_wipe(struct parts *p)
{
    explicit_bzero(p, sizeof *p);
}

/* Decodes the part that ends at end ("." or the token's own NUL), which *token is then behind. */
static int take_part(const char **token, char end, struct parts *p, const char **ret, size_t *ret_len)
{
    size_t len = strcspn(*token, ".");

    if ((*token)[len] != end ||
        base64url_decode(p->bytes + p->used, sizeof p->bytes - p->used - 1, ret_len, *token, len) < 0)
        return -EBADMSG;
    *ret = (const char *)p->bytes + p->used;
    p->used += *ret_len;
    p->bytes[p->used++] = '\0';
    *token += len + (end != '\0');
    return 0;
}

static int take_object(const char **token, struct parts *p, const char **ret)
{
    size_t len = 0;
    int error = take_part(token, '.', p, ret, &len);
    return error < 0 ? error : object_walk(*ret, len, NULL, NULL);
}

static void show_member(void *arg, const char *key, const char *value)
{
    char text[FIELD_VALUE_SIZE], when[WHEN_SIZE];
    uint64_t at_s = 0;
    FILE *out = arg;
    bool time =
        strcmp(key, "exp") == 0 || strcmp(key, "iat") == 0 || strcmp(key, "nbf") == 0 || strcmp(key, "auth_time") == 0;

    text_printable(text, sizeof text, key);
    fprintf(out, "  %-18s  ", text);
    text_printable(text, sizeof text, value);
    fputs(text, out);
    if (time && text_to_u64(value, INT64_MAX, &at_s) == 0) {
        when_full(when, (int64_t)at_s);
        fprintf(out, " (%s)", when);
    }
    fputc('\n', out);
}

static int show(FILE *out, const char *head, const char *object)
{
    fprintf(out, "%s\n", head);
    return object_walk(object, strlen(object), show_member, out);
}

static void show_json(FILE *out, const char *header, const char *claims)
{
    fputs("{\"verified\": false, \"header\": ", out);
    json_copy(out, header);
    fputs(", \"claims\": ", out);
    json_copy(out, claims);
    fputs("}\n", out);
}

int inspect_token(FILE *out, const char *token, bool json)
{
    __attribute__((cleanup(parts_wipe))) struct parts parts = {0};
    const char *header, *claims, *signature;
    size_t len;
    int error;

    if ((error = take_object(&token, &parts, &header)) < 0 || (error = take_object(&token, &parts, &claims)) < 0 ||
        (error = take_part(&token, '\0', &parts, &signature, &len)) < 0) /* only its form is looked at */
        return error;
    if (json) {
        show_json(out, header, claims);
        return 0;
    }
    error = show(out, "header", header);
    return error < 0 ? error : show(out, "claims", claims);
}

enum verbs_exit inspect_run(struct job *job)
{
    char token[TOKEN_SIZE];
    enum verbs_exit e = job_fill(job);

    if (e != VERBS_DONE)
        return e;
    if (own_read_token(token, sizeof token) < 0)
        return VERBS_FAILED;
    int error = inspect_token(stdout, token, job->json);
    explicit_bzero(token, sizeof token);
    if (error < 0) {
        say_error("what is on stdin is no token");
        return VERBS_FAILED;
    }
    say_error("not verified: this is only what the token says; authctl token verify asks authcd");
    return VERBS_DONE;
}
