/* SPDX-License-Identifier: MIT
 *
 * Tokens a second on one core: minting (claims_write and jws_sign) and verifying (jws_kid, jws_verify, claims_read,
 * claims_objection) with a key at hand, the same with the key read from the database, unsealed and imported each time,
 * as authcd does for each request, and that fetching of a key alone.
 *
 * Leaves out the socket, the session's and the account's rows, the audit row and the sync that a real token_mint ends
 * with. The works take turns round by round, so that a drifting machine drifts for all of them.
 */
#include <sodium.h>
#include <stdbool.h>

#include "bench.h"
#include "claims.h"
#include "keys.h"

enum { ROUNDS = 11, TIMES = 200 }; /* the first round warms up and is not counted */
#define ISSUER "https://host.example.org"
#define NOW INT64_C(1900000000)
#define ALG "ES256"

static struct db *db;
static struct jws_key *cached;
static char token[JWS_TOKEN_MAX];

static const struct claims example = {
    .iss = ISSUER,
    .sub = "5e9a4f0c-6c1d-4a7e-9f3b-2d8c1b7a6e50",
    .aud = "web",
    .exp = NOW + 900,
    .iat = NOW,
    .nbf = NOW,
    .jti = "0b6d2c4e-8f1a-4b3c-a5d7-9e0f1a2b3c4d",
    .sid = "k3v7q2mzt4xa6phr",
    .auth_time = NOW - 60,
    .amr = "pwd otp",
    .acr = "aal2",
    .preferred_username = "ada",
    .role = "admin",
};

static void mint(const struct jws_key *key)
{
    char payload[CLAIMS_SIZE];

    bench_must(claims_write(&example, payload), "claims_write");
    bench_must(jws_sign(key, CLAIMS_TYP, payload, token, sizeof token), "jws_sign");
}

static void verify(const struct jws_key *key)
{
    char kid[JWS_KID_SIZE], payload[CLAIMS_SIZE];
    struct claims c;
    size_t len;

    bench_must(jws_kid(token, CLAIMS_TYP, kid), "jws_kid");
    bench_must(jws_verify(key, token, CLAIMS_TYP, payload, sizeof payload, &len), "jws_verify");
    bench_must(claims_read(payload, len, &c), "claims_read");
    bench_must(claims_objection(&c, ISSUER, "web", NOW) ? -EBADMSG : 0, "claims_objection");
}

static struct jws_key *fetch(void)
{
    struct jws_key *key = NULL;
    struct key row;

    bench_must(keys_active(db, ALG, &row, &key), "keys_active");
    return key;
}

static void do_mint(void)
{
    mint(cached);
}

static void do_fetch_mint(void)
{
    JWS_KEY_AUTO struct jws_key *key = fetch();
    mint(key);
}

static void do_verify(void)
{
    verify(cached);
}

static void do_fetch_verify(void)
{
    JWS_KEY_AUTO struct jws_key *key = fetch();
    verify(key);
}

static void do_fetch(void)
{
    jws_key_free(fetch());
}

static struct work {
    const char *name;
    void (*once)(void);
    size_t against; /* the work that the ratio is taken to */
    int64_t us;
} works[] = {
    {"mint, key at hand", do_mint, 0, 0},     {"mint, key fetched", do_fetch_mint, 0, 0},
    {"verify, key at hand", do_verify, 2, 0}, {"verify, key fetched", do_fetch_verify, 2, 0},
    {"keys_active alone", do_fetch, 0, 0},
};
enum { WORKS = sizeof works / sizeof *works };

static double each_us(const struct work *w)
{
    return (double)w->us / ((ROUNDS - 1) * TIMES);
}

static void run_round(bool counted)
{
    for (size_t i = 0; i < WORKS; i++) {
        int64_t start_us = bench_us();
        for (unsigned times = 0; times < TIMES; times++)
            works[i].once();
        works[i].us += counted ? bench_us() - start_us : 0;
    }
}

int main(void)
{
    char reason[DB_REASON_SIZE] = "";

    bench_must(sodium_init() < 0 ? -EIO : 0, "sodium_init");
    int error = db_open(bench_directory(), NULL, &db, reason);
    bench_must(error, reason);
    bench_must(jws_key_make(ALG, &cached), "jws_key_make");
    bench_must(db_begin(db), "begin");
    bench_must(keys_add(db, cached, KEY_ACTIVE, NOW), "keys_add");
    bench_must(db_commit(db), "commit");
    for (unsigned round = 0; round < ROUNDS; round++) {
        bench_progress("token: round", round, ROUNDS);
        run_round(round > 0);
    }
    jws_key_free(cached);
    db_close(db);

    printf("token: " ALG ", one thread, no socket; cost is against the same with the key at hand\n");
    printf("  %-24s %12s %10s %10s\n", "", "a second", "us each", "cost");
    for (size_t i = 0; i < WORKS; i++)
        printf("  %-24s %12.0f %10.1f %10.2f\n", works[i].name, 1e6 / each_us(&works[i]), each_us(&works[i]),
               each_us(&works[i]) / each_us(&works[works[i].against]));
    return 0;
}
