/* SPDX-License-Identifier: MIT
 *
 * Any text as a token for `authctl token inspect`: what it shows has no control character but the ends of its lines,
 * and what it writes as JSON is one line of JSON again; what is no token writes nothing (A2, C5, S8).
 */
#include "inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static bool is_plain(const char *s, const char *also)
{
    for (; *s != '\0'; s++)
        if (((unsigned char)*s < 0x20 && !strchr(also, *s)) || *s == 0x7f ||
            ((unsigned char)*s == 0xc2 && (unsigned char)s[1] < 0xa0))
            return false;
    return true;
}

static int inspect(const char *token, bool json)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        abort();
    int e = inspect_token(out, token, json);
    fclose(out);
    must(e == 0 || e == -EBADMSG);
    must(e == 0 || !json || len == 0);
    must(text_is_utf8(text, len) && is_plain(text, "\n"));
    if (e == 0 && json)
        must(strchr(text, '\n') == text + len - 1 && object_walk(text, len, NULL, NULL) == 0);
    free(text);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *token = strndup((const char *)data, size < 8192 ? size : 8192);
    if (!token)
        return 0;
    int json = inspect(token, true), people = inspect(token, false);
    must(people == 0 || json == people || people == -EBADMSG);
    free(token);
    return 0;
}
