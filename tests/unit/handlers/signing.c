/* SPDX-License-Identifier: MIT
 *
 * Signing keys come into being once, an active and a next one, each audited; what is published has both and no private
 * part (T6, T7).
 */
#include "signing.h"

#include "desk_ask.h"
#include "json.h"
#include "keys.h"

static void ensure(struct desk *d)
{
    desk_must(db_begin(d->db), "begin");
    desk_must(signing_ensure(d->db, &d->now), "ensure");
    desk_must(db_commit(d->db), "commit");
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

static void test_ensure(struct desk *d)
{
    int64_t before = ask_position(d);
    struct key active, next = {0}, k = {0};
    struct audit row = {0};
    ensure(d);
    is_int(ask_position(d) - before, 2, "two keys are made, and audited");
    ok(audit_next(d->db, before, "", 0, &row) == 0 && row.event == AUDIT_KEY_NEW && row.actor[0] == '\0',
       "by authcd itself");
    ensure(d);
    is_int(ask_position(d) - before, 2, "once");
    is_int(keys_active(d->db, "ES256", &active, NULL), 0, "one is active");
    while (keys_next(d->db, k.id, &k, NULL) == 0)
        if (k.state == KEY_NEXT)
            next = k;
    ok(next.id != 0 && strcmp(next.kid, active.kid) != 0, "the other is next");
    ok(strstr(row.result, active.kid) || strstr(row.result, next.kid), "the audit names the kid");
}

static void test_jwks(struct desk *d)
{
    char *text = NULL;
    struct key active;
    desk_must(keys_active(d->db, "ES256", &active, NULL), "active");
    is_int(signing_jwks(d->db, &text), 0, "the JWK set");
    ok(strncmp(text, "{\"keys\":[{", 10) == 0 && strcmp(text + strlen(text) - 4, "}]}\n") == 0 && strstr(text, "},{"),
       "is a list");
    ok(count(text, "\"kid\"") == 2 && strstr(text, active.kid), "of both keys");
    ok(!strstr(text, "\"d\""), "without their private parts");
    free(text);
}

static void test_discovery(void)
{
    static const char *const issuers[] = {"https://host.example.org", "https://host.example.org/"};
    for (size_t i = 0; i < 2; i++) {
        char *text = NULL, value[300];
        struct json_object o;
        is_int(signing_discovery(issuers[i], &text), 0, "the discovery document");
        desk_must(json_parse(text, strlen(text) - 1, &o), "json");
        ok(json_string(json_get(&o, "issuer"), value, sizeof value) == 0 && strcmp(value, issuers[i]) == 0,
           "names the issuer");
        ok(json_string(json_get(&o, "jwks_uri"), value, sizeof value) == 0 &&
               strcmp(value, "https://host.example.org/jwks.json") == 0,
           "and where its keys are");
        ok(json_words(json_get(&o, "id_token_signing_alg_values_supported"), value, sizeof value) == 0 &&
               strcmp(value, "ES256") == 0,
           "and what they sign with");
        free(text);
    }
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    test_ensure(&d);
    test_jwks(&d);
    test_discovery();
    desk_close(&d);
    return tap_done();
}
