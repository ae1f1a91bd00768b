/* SPDX-License-Identifier: MIT
 *
 * Tokens: alg none, HS256, another alg or kid than the key's, jwk, jku, x5u, crit, hostile kids are refused (T1), other
 * typ, non-canonical base64url, padding and size too (T2), and every single-bit flip of a valid token (T3).
 */
#include "jws.h"

#include <errno.h>
#include <stdlib.h>

#include "base64url.h"
#include "jws_key.h"
#include "tap.h"
#include "text.h"

/* The private key of RFC 7515 appendix A.3 as PKCS #8, and its RFC 7638 thumbprint, by Python's cryptography. */
static const char rfc_key[] = "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b02010104208e9b109e719098bf"
                              "980487df1f5d77e9cb29606ebed2"
                              "263b5f57c213df84f4b2a144034200047fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c"
                              "7bd15445c7f144cd1bbd9b7e872c"
                              "dfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad";
static const char rfc_kid[] = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U";
static const char p384_key[] = "3081b6020100301006072a8648ce3d020106052b8104002204819e30819b020101043062e65387baa27e234"
                               "717702613696b62b03d182ecb6a6e"
                               "e2c908a2424a0ea8b55d07da404651deef7aa11120e2f1edf1a164036200043de6498f5c1ef08f1b7c74169"
                               "66c09dd3be82608cd8b3a2e7b0495"
                               "9b3353c87012bbbfde4e13c7bbeb769998c4c584ae98e5cae46c1dbfde585c088b88acb4e17c9bfa8366e37"
                               "2d126c1b8f3137a2273366563f515"
                               "c13c147a11d6c93b27a4de";

#define TYP "at+jwt"
#define PAYLOAD "{\"sub\":\"ada\"}"

/* For the names of checks, which are lines. */
static const char *shown(const char *text)
{
    static char line[512];
    text_printable(line, sizeof line, text);
    return line;
}

static size_t from_hex(const char *hex, unsigned char out[JWS_PRIVATE_MAX])
{
    size_t n = 0;
    unsigned byte;
    for (; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
        out[n] = (unsigned char)byte;
    return n;
}

static struct jws_key *import(const char *hex)
{
    unsigned char der[JWS_PRIVATE_MAX] = {0};
    struct jws_key *key = NULL;
    if (jws_key_import("ES256", der, from_hex(hex, der), &key) < 0)
        abort();
    return key;
}

static struct jws_key *make(void)
{
    struct jws_key *key = NULL;
    if (jws_key_make("ES256", &key) < 0)
        abort();
    return key;
}

static int verify(const struct jws_key *key, const char *token)
{
    char payload[1024];
    size_t len;
    return jws_verify(key, token, TYP, payload, sizeof payload, &len);
}

/* A token with this header and this payload, properly signed by key. */
static const char *forge(const struct jws_key *key, const char *header, const char *payload)
{
    static char token[3 * JWS_TOKEN_MAX];
    unsigned char signature[JWS_SIGNATURE_MAX] = {0};
    size_t len = 0;
    if (base64url_encode(token, sizeof token, (const unsigned char *)header, strlen(header)) < 0)
        abort();
    strcat(token, ".");
    char *end = token + strlen(token);
    if (base64url_encode(end, sizeof token / 2, (const unsigned char *)payload, strlen(payload)) < 0 ||
        jws_key_sign(key, token, strlen(token), signature, &len) < 0)
        abort();
    strcat(token, ".");
    end = token + strlen(token);
    if (base64url_encode(end, 128, signature, len) < 0)
        abort();
    return token;
}

static void test_rfc7515(void)
{
    static const char signed_text[] =
        "eyJhbGciOiJFUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    static const char text[] = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    struct jws_key *key JWS_KEY_AUTO = import(rfc_key);
    unsigned char signature[JWS_SIGNATURE_MAX] = {0};
    size_t len = 0;
    if (base64url_decode(signature, sizeof signature, &len, text, strlen(text)) < 0)
        abort();
    is_int(jws_key_verify(key, signed_text, strlen(signed_text), signature, len), 0, "RFC 7515 A.3 verifies");
    is_int(jws_key_verify(key, signed_text, strlen(signed_text) - 1, signature, len), -EKEYREJECTED,
           "not of less text");
    is_int(jws_key_verify(key, signed_text, strlen(signed_text), signature, len - 1), -EKEYREJECTED, "not cut");
    memset(signature, 0, sizeof signature);
    is_int(jws_key_verify(key, signed_text, strlen(signed_text), signature, len), -EKEYREJECTED, "r = s = 0 does not");
    memset(signature, 0xff, sizeof signature);
    is_int(jws_key_verify(key, signed_text, strlen(signed_text), signature, len), -EKEYREJECTED, "nor past the order");
    is_str(jws_key_kid(key), rfc_kid, "its kid is the RFC 7638 thumbprint");
    is_str(jws_key_alg(key), "ES256", "its alg");
}

static void test_keys(void)
{
    struct jws_key *key JWS_KEY_AUTO = import(rfc_key), *other JWS_KEY_AUTO = make();
    char jwk[JWS_JWK_SIZE], pem[JWS_PEM_SIZE];
    is_int(jws_key_jwk(key, jwk), 0, "JWK");
    is_str(
        jwk,
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\",\"kid\":\"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U\","
        "\"alg\":\"ES256\",\"use\":\"sig\"}",
        "the public half, as the RFC gives it");
    is_int(jws_key_pem(key, pem), 0, "PEM");
    is_str(pem,
           "-----BEGIN PUBLIC KEY-----\n"
           "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
           "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
           "-----END PUBLIC KEY-----\n",
           "the same");
    ok(strcmp(jws_key_kid(key), jws_key_kid(other)) != 0, "another key has another kid");
    jws_key_free(NULL);
}

static void test_export(void)
{
    struct jws_key *key JWS_KEY_AUTO = make(), *back JWS_KEY_AUTO = NULL, *bad = NULL;
    unsigned char der[JWS_PRIVATE_MAX] = {0};
    char token[JWS_TOKEN_MAX];
    size_t len = 0;
    is_int(jws_key_export(key, der, &len), 0, "exported");
    is_int(jws_key_import("ES256", der, len, &back), 0, "imported");
    is_str(jws_key_kid(back), jws_key_kid(key), "the same key");
    is_int(jws_sign(back, TYP, PAYLOAD, token, sizeof token), 0, "signs");
    is_int(verify(key, token), 0, "as the other verifies");

    is_int(jws_key_import("ES256", der, len - 1, &bad), -EINVAL, "not cut");
    is_int(jws_key_import("ES256", der, len + 1, &bad), -EINVAL, "not with more behind");
    is_int(jws_key_import("ES256", der, 0, &bad), -EINVAL, "not empty");
    is_int(jws_key_import("EdDSA", der, len, &bad), -EINVAL, "not as another alg");
    is_int(jws_key_import("none", der, len, &bad), -EINVAL, "not as none");
    is_int(jws_key_import("ES256", der, from_hex(p384_key, der), &bad), -EINVAL, "not one on another curve");
    is_int(jws_key_make("HS256", &bad), -EINVAL, "no such key is made");
    is_int(jws_key_make("", &bad), -EINVAL, "nor one without a name");
    ok(!bad, "what is refused leaves the result alone");
}

static void test_sign(void)
{
    struct jws_key *key JWS_KEY_AUTO = make(), *other JWS_KEY_AUTO = make();
    char token[JWS_TOKEN_MAX], kid[JWS_KID_SIZE], payload[64];
    size_t len = 0;
    is_int(jws_sign(key, TYP, PAYLOAD, token, sizeof token), 0, "signed");
    is_int(jws_kid(token, TYP, kid), 0, "its form");
    is_str(kid, jws_key_kid(key), "its kid");
    is_int(jws_verify(key, token, TYP, payload, sizeof payload, &len), 0, "verified");
    is_str(payload, PAYLOAD, "the payload");
    is_int(len, strlen(PAYLOAD), "its length");
    is_int(jws_verify(key, token, TYP, payload, len + 1, &len), 0, "fits exactly");
    is_int(jws_verify(key, token, TYP, payload, len, &len), -EBADMSG, "never cut");
    is_int(jws_verify(key, token, "JWT", payload, sizeof payload, &len), -EBADMSG, "another typ");
    is_int(jws_kid(token, "JWT", kid), -EBADMSG, "nor is its form right then");
    is_int(verify(other, token), -EKEYREJECTED, "another key");
    is_int(jws_sign(key, TYP, "", token, sizeof token), 0, "an empty payload");
    is_int(verify(key, token), 0, "is verified too");
}

static void test_sign_sizes(void)
{
    struct jws_key *key JWS_KEY_AUTO = make();
    static char token[2 * JWS_TOKEN_MAX], payload[2 * JWS_TOKEN_MAX], out[JWS_TOKEN_MAX];
    size_t len = 0;
    if (jws_sign(key, TYP, PAYLOAD, token, sizeof token) < 0)
        abort();
    size_t size = strlen(token) + 1;
    is_int(jws_sign(key, TYP, PAYLOAD, token, size), 0, "fits exactly");
    is_int(verify(key, token), 0, "and verifies");
    int fits = 0;
    for (size_t cap = 0; cap < size; cap++)
        fits += jws_sign(key, TYP, PAYLOAD, token, cap) != -EMSGSIZE;
    is_int(fits, 0, "no smaller room will do");

    size_t n = 0;
    memset(payload, 'x', sizeof payload - 1);
    for (n = JWS_TOKEN_MAX / 4 * 3; n > 0; n--) {
        payload[n] = '\0';
        if (jws_sign(key, TYP, payload, token, sizeof token) == 0)
            break;
    }
    ok(strlen(token) <= JWS_TOKEN_MAX && strlen(token) > JWS_TOKEN_MAX - 4, "none longer than 8 KiB is made");
    is_int(jws_verify(key, token, TYP, out, sizeof out, &len), 0, "the longest made is verified");
    is_int(len, n, "whole");
}

static void test_bits(void)
{
    struct jws_key *key JWS_KEY_AUTO = make();
    char token[JWS_TOKEN_MAX], kid[JWS_KID_SIZE];
    if (jws_sign(key, TYP, PAYLOAD, token, sizeof token) < 0)
        abort();
    int taken = 0, odd = 0;
    size_t n = strlen(token);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        token[bit / 8] = (char)(token[bit / 8] ^ 1 << bit % 8);
        int e = verify(key, token);
        taken += e == 0;
        odd += e != -EBADMSG && e != -EKEYREJECTED;
        token[bit / 8] = (char)(token[bit / 8] ^ 1 << bit % 8);
    }
    is_int(taken, 0, "none of %zu single-bit flips passes", 8 * n);
    is_int(odd, 0, "each is called malformed or rejected");
    is_int(verify(key, token), 0, "the token itself does");

    for (taken = 0; n > 0; n--) {
        token[n - 1] = '\0';
        taken += verify(key, token) == 0;
    }
    is_int(taken, 0, "no truncation passes");
    is_int(jws_kid("", TYP, kid), -EBADMSG, "nor the empty text");
}

/* Each is signed by the key it names, so that only the header can be what is refused. */
static void test_headers(void)
{
#define KID "\"kid\":\"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U\""
#define GOOD "\"typ\":\"at+jwt\",\"alg\":\"ES256\"," KID
    static const struct {
        const char *header;
        int result;
    } rows[] = {
        {"{" GOOD "}", 0},
        {"{ " KID " , \"alg\":\"ES256\",\n\"typ\":\"at+jwt\"}", 0},
        {"{\"typ\":\"at+jwt\",\"alg\":\"none\"," KID "}", -EKEYREJECTED},
        {"{\"typ\":\"at+jwt\",\"alg\":\"None\"," KID "}", -EKEYREJECTED},
        {"{\"typ\":\"at+jwt\",\"alg\":\"HS256\"," KID "}", -EKEYREJECTED},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES384\"," KID "}", -EKEYREJECTED},
        {"{\"typ\":\"at+jwt\",\"alg\":\"es256\"," KID "}", -EKEYREJECTED},
        {"{\"typ\":\"at+jwt\",\"alg\":\"\"," KID "}", -EKEYREJECTED},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES256ES256\"," KID "}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"alg\":[\"ES256\"]," KID "}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"alg\":null," KID "}", -EBADMSG},
        {"{\"typ\":\"at+jwt\"," KID "}", -EBADMSG},
        {"{\"alg\":\"ES256\"," KID "}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\"}", -EBADMSG},
        {"{\"typ\":\"JWT\",\"alg\":\"ES256\"," KID "}", -EBADMSG},
        {"{\"typ\":\"AT+JWT\",\"alg\":\"ES256\"," KID "}", -EBADMSG},
        {"{\"typ\":\"at+jwt \",\"alg\":\"ES256\"," KID "}", -EBADMSG},
        {"{\"alg\":\"ES256\"," GOOD "}", -EBADMSG},
        {"{\"alg\":\"none\"," GOOD "}", -EBADMSG},
        {"{" GOOD "," KID "}", -EBADMSG},
        {"{" GOOD ",\"crit\":[\"x\"]}", -EBADMSG},
        {"{" GOOD ",\"crit\":[\"b64\"],\"b64\":false}", -EBADMSG},
        {"{" GOOD ",\"jwk\":{\"kty\":\"EC\"}}", -EBADMSG},
        {"{" GOOD ",\"jku\":\"https://evil.example\"}", -EBADMSG},
        {"{" GOOD ",\"x5u\":\"https://evil.example\"}", -EBADMSG},
        {"{" GOOD ",\"x5c\":[]}", -EBADMSG},
        {"{" GOOD ",\"cty\":\"JWT\"}", -EBADMSG},
        {"{" GOOD ",\"zip\":\"DEF\"}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"jwk\":{}," KID "}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-V\"}",
         -EKEYREJECTED},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"\"}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":1}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-\"}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-UU\"}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"../../../../../../../../../../../etc/passwd\"}", -EBADMSG},
        {"{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"x' OR '1'='1' UNION SELECT key FROM keys ---\"}", -EBADMSG},
        {GOOD, -EBADMSG},
        {"{" GOOD "}x", -EBADMSG},
        {"[\"ES256\"]", -EBADMSG},
        {"", -EBADMSG},
    };
    struct jws_key *key JWS_KEY_AUTO = import(rfc_key);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        is_int(verify(key, forge(key, rows[i].header, PAYLOAD)), rows[i].result, "header %s", shown(rows[i].header));

    static char large[4500];
    memset(large, 'A', sizeof large);
    memcpy(large, "{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"kid\":\"", 37);
    memcpy(large + sizeof large - 3, "\"}", 3);
    is_int(verify(key, forge(key, large, PAYLOAD)), -EBADMSG, "a kid of 4 KiB");
    memset(large, ' ', sizeof large);
    memcpy(large, "{" GOOD "}", strlen("{" GOOD "}"));
    large[300] = '\0';
    is_int(verify(key, forge(key, large, PAYLOAD)), -EBADMSG, "a header filled up with spaces");
}

static void test_forms(void)
{
    struct jws_key *key JWS_KEY_AUTO = import(rfc_key);
    static char token[2 * JWS_TOKEN_MAX], bad[2 * JWS_TOKEN_MAX];
    if (jws_sign(key, TYP, PAYLOAD, token, JWS_TOKEN_MAX) < 0)
        abort();
    const char *dot = strchr(token, '.'), *last = strrchr(token, '.');
    static const char *const ends[] = {"=", "==", " ", "\n", ".", ".x", "A", "AA", "+", "/"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(bad, sizeof bad, "%s%s", token, ends[i]);
        is_int(verify(key, bad), -EBADMSG, "with \"%s\" behind", shown(ends[i]));
        snprintf(bad, sizeof bad, "%.*s%s%s", (int)(dot - token), token, ends[i], dot);
        ok(verify(key, bad) < 0, "with \"%s\" in the header", shown(ends[i]));
        snprintf(bad, sizeof bad, "%.*s%s%s", (int)(last - token), token, ends[i], last);
        ok(verify(key, bad) < 0, "with \"%s\" in the payload", shown(ends[i]));
        snprintf(bad, sizeof bad, "%s%s", ends[i], token);
        ok(verify(key, bad) < 0, "with \"%s\" before", shown(ends[i]));
    }
    snprintf(bad, sizeof bad, "%.*s", (int)(last - token), token);
    is_int(verify(key, bad), -EBADMSG, "two parts");
    snprintf(bad, sizeof bad, "%.*s.", (int)(last - token), token);
    is_int(verify(key, bad), -EKEYREJECTED, "an empty signature");
    is_int(verify(key, ".."), -EBADMSG, "two dots");
    is_int(verify(key, forge(key, "{" GOOD "}", "not JSON: not looked at")), 0, "a payload is only bytes");
    memset(bad, 'A', sizeof bad - 1);
    is_int(verify(key, bad), -EBADMSG, "16 KiB without a dot");
    memcpy(bad, token, strlen(token));
    is_int(verify(key, bad), -EBADMSG, "a token with 16 KiB behind");
}

int main(void)
{
    test_rfc7515();
    test_keys();
    test_export();
    test_sign();
    test_sign_sizes();
    test_bits();
    test_headers();
    test_forms();
    return tap_done();
}
