/* SPDX-License-Identifier: MIT
 *
 * Claims are written in one order and read back; wrong aud and iss, the edges of exp and nbf, floats, negatives,
 * duplicates, wrong types and what does not fit are refused (T2).
 */
#include "claims.h"

#include <errno.h>

#include "tap.h"

static const struct claims sample = {
    .iss = "https://host.example.org",
    .sub = "5f0c6f5e-3a2b-4c1d-8e9f-001122334455",
    .aud = "web",
    .exp = 2000000900,
    .iat = 2000000000,
    .nbf = 2000000000,
    .jti = "0d9c1a52-8b37-4e60-9f21-aabbccddeeff",
    .sid = "k3v7q2mzt4xa6phr",
    .auth_time = 1999999000,
    .amr = "pwd otp",
    .acr = "aal2",
    .scope = "read write",
    .preferred_username = "ada",
    .role = "admin",
};

static const char written[] =
    "{\"iss\":\"https://host.example.org\",\"sub\":\"5f0c6f5e-3a2b-4c1d-8e9f-001122334455\",\"aud\":\"web\","
    "\"exp\":2000000900,\"iat\":2000000000,\"nbf\":2000000000,\"jti\":\"0d9c1a52-8b37-4e60-9f21-aabbccddeeff\","
    "\"sid\":\"k3v7q2mzt4xa6phr\",\"auth_time\":1999999000,\"amr\":[\"pwd\",\"otp\"],\"acr\":\"aal2\","
    "\"scope\":\"read write\",\"preferred_username\":\"ada\",\"role\":\"admin\"}";

static int read_text(const char *json)
{
    struct claims c;
    return claims_read(json, strlen(json), &c);
}

static int same(const struct claims *a, const struct claims *b)
{
    return strcmp(a->iss, b->iss) == 0 && strcmp(a->sub, b->sub) == 0 && strcmp(a->aud, b->aud) == 0 &&
           a->exp == b->exp && a->iat == b->iat && a->nbf == b->nbf && strcmp(a->jti, b->jti) == 0 &&
           strcmp(a->sid, b->sid) == 0 && a->auth_time == b->auth_time && strcmp(a->amr, b->amr) == 0 &&
           strcmp(a->acr, b->acr) == 0 && strcmp(a->scope, b->scope) == 0 &&
           strcmp(a->preferred_username, b->preferred_username) == 0 && strcmp(a->role, b->role) == 0;
}

static void test_round_trip(void)
{
    char json[CLAIMS_SIZE];
    struct claims c = sample, back;
    is_int(claims_write(&c, json), 0, "written");
    is_str(json, written, "in one order");
    is_int(claims_read(json, strlen(json), &back), 0, "read");
    ok(same(&c, &back), "as it was");

    c.scope[0] = '\0';
    c.amr[0] = '\0';
    strcpy(c.preferred_username, "a\"\\\xc3\xa9");
    is_int(claims_write(&c, json), 0, "written without scope");
    ok(!strstr(json, "scope"), "which is left out");
    ok(strstr(json, "\"amr\":[],") != NULL, "no method is an empty array");
    is_int(claims_read(json, strlen(json), &back), 0, "read");
    ok(same(&c, &back), "as it was");
}

static void test_too_big(void)
{
    char json[CLAIMS_SIZE] = "untouched";
    struct claims c = sample;
    memset(c.iss, '"', sizeof c.iss - 1);
    memset(c.preferred_username, '\\', sizeof c.preferred_username - 1);
    memset(c.scope, '\n', sizeof c.scope - 1);
    is_int(claims_write(&c, json), -EMSGSIZE, "six bytes for each of 640: does not fit");
    is_str(json, "untouched", "and nothing is written");
}

/* The sample with one piece replaced. */
static const char *with(const char *old, const char *fresh)
{
    static char json[16384];
    const char *at = strstr(written, old);
    if (!at)
        return "the test is wrong";
    snprintf(json, sizeof json, "%.*s%s%s", (int)(at - written), written, fresh, at + strlen(old));
    return json;
}

static void test_refusals(void)
{
    static const struct {
        const char *old, *fresh, *what;
    } bad[] = {
        {"\"exp\":2000000900,", "", "no exp"},
        {"\"iss\":\"https://host.example.org\",", "", "no iss"},
        {"\"aud\":\"web\",", "", "no aud"},
        {"\"jti\":", "\"jtj\":", "no jti"},
        {",\"role\":\"admin\"", "", "no role"},
        {"\"aud\":\"web\"", "\"aud\":\"web\",\"aud\":\"web\"", "aud twice"},
        {"\"aud\":\"web\"", "\"aud\":[\"web\"]", "aud as an array"},
        {"\"aud\":\"web\"", "\"aud\":1", "aud as a number"},
        {"\"aud\":\"web\"", "\"aud\":\"0123456789012345678901234567890123456789012345678901234567890123x\"",
         "aud too long"},
        {"2000000900", "\"2000000900\"", "exp as a string"},
        {"2000000900", "2000000900.5", "exp with a fraction"},
        {"2000000900", "2e9", "exp with an exponent"},
        {"2000000900", "-1", "exp negative"},
        {"2000000900", "true", "exp true"},
        {"2000000900", "9223372036854775808", "exp past int64"},
        {"1999999000", "-5", "auth_time negative"},
        {"[\"pwd\",\"otp\"]", "\"pwd otp\"", "amr as a string"},
        {"[\"pwd\",\"otp\"]", "[\"pwd otp\"]", "amr with a space"},
        {"[\"pwd\",\"otp\"]", "[1]", "amr of numbers"},
        {"[\"pwd\",\"otp\"]", "[[\"pwd\"]]", "amr nested"},
        {"\"read write\"", "{\"a\":1}", "scope as an object"},
        {"\"ada\"", "null", "name null"},
        {"\"ada\"", "\"a\\u0000\"", "name with a NUL"},
        {"\"role\"", "\"x\":[[[[[[[[1]]]]]]]],\"role\"", "an unknown member nested too deep"},
        {"\"role\"", "\"x\":1.5,\"role\"", "an unknown member that is a float"},
        {"\"role\"", "\"rol\\u0065\"", "a name with an escape"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        is_int(read_text(with(bad[i].old, bad[i].fresh)), -EBADMSG, "refused: %s", bad[i].what);
    is_int(read_text(""), -EBADMSG, "refused: nothing");
    is_int(read_text("[]"), -EBADMSG, "refused: an array");

    static char padded[9000];
    memset(padded, ' ', sizeof padded - 1);
    memcpy(padded, written, strlen(written));
    is_int(read_text(padded), -EBADMSG, "refused: more than 8 KiB");
    struct claims c = {.exp = 5};
    ok(claims_read("{}", 2, &c) == -EBADMSG && c.exp == 5, "what is refused leaves the result alone");
}

static void test_accepts(void)
{
    is_int(read_text(with("\"role\"", "\"x\":{\"y\":[1,\"z\"]},\"n\":null,\"role\"")), 0,
           "unknown members are ignored");
    is_int(read_text(with("\"scope\":\"read write\",", "")), 0, "scope may be absent");
    is_int(read_text(with("2000000900", "0")), 0, "zero is a time");
}

static const char *objection(int64_t now_s, const char *iss, const char *aud)
{
    const char *why = claims_objection(&sample, iss, aud, now_s);
    return why ? why : "none";
}

static void test_objections(void)
{
    const char *iss = sample.iss;
    is_str(objection(2000000000, iss, "web"), "none", "good from nbf on");
    is_str(objection(1999999999, iss, "web"), "not valid yet", "not a second before");
    is_str(objection(2000000899, iss, "web"), "none", "good until exp");
    is_str(objection(2000000900, iss, "web"), "expired", "not at exp");
    is_str(objection(INT64_MAX, iss, "web"), "expired", "nor ever after");
    is_str(objection(INT64_MIN, iss, "web"), "not valid yet", "nor before time");
    is_str(objection(2000000000, iss, ""), "none", "any audience");
    is_str(objection(2000000000, iss, "we"), "another audience", "a prefix of the audience");
    is_str(objection(2000000000, iss, "Web"), "another audience", "the audience in other letters");
    is_str(objection(2000000000, "https://host.example.org/", "web"), "another issuer", "the issuer with a slash");
    is_str(objection(2000000000, "", "web"), "another issuer", "no issuer is not any issuer");
}

int main(void)
{
    test_round_trip();
    test_too_big();
    test_refusals();
    test_accepts();
    test_objections();
    return tap_done();
}
