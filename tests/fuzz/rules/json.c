/* SPDX-License-Identifier: MIT
 *
 * The strict JSON reader, and claims over it: a string that was taken must be fetched, an integer too, and a string
 * that is quoted must read back as itself; claims that read must survive being written (T2, S8).
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const struct json_member *m)
{
    static char text[JSON_TEXT_MAX + 1], quoted[6 * JSON_TEXT_MAX + 3], back[JSON_TEXT_MAX + 1];
    size_t pos = 0;
    if (json_string(m, text, sizeof text) < 0 || json_quote(quoted, sizeof quoted, &pos, text) < 0)
        abort();
    struct json_member again = {.type = JSON_STRING, .value = quoted + 1, .value_len = pos - 2};
    if (json_string(&again, back, sizeof back) < 0 || strcmp(text, back) != 0)
        abort();
}

static void check_claims(const char *json, size_t size)
{
    struct claims c, again;
    char text[CLAIMS_SIZE];
    memset(&again, 0, sizeof again);
    if (claims_read(json, size, &c) < 0 || claims_write(&c, text) < 0)
        return;
    if (claims_read(text, strlen(text), &again) < 0 || again.exp != c.exp || strcmp(again.amr, c.amr) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_object o;
    char words[256];
    int64_t i;
    const char *json = (const char *)data;
    if (json_parse(json, size, &o) < 0)
        return 0;
    for (const struct json_member *m = o.members; m < o.members + o.n; m++) {
        if (m->value < json || m->value + m->value_len > json + size)
            abort();
        if (m->type == JSON_STRING)
            check_string(m);
        else if (m->type == JSON_NUMBER && json_integer(m, &i) < 0)
            abort();
        else if (m->type == JSON_ARRAY && json_words(m, words, sizeof words) < 0)
            continue;
    }
    check_claims(json, size);
    return 0;
}
