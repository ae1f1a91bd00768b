/* SPDX-License-Identifier: MIT
 *
 * Any bytes as authcd.conf: an error is told with file and line and changes nothing; what was taken, printed again as
 * `config show` prints it, is taken again and means the same (C1, S8).
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config config, before, again;

/* Prints all of config into text. */
static size_t print(char *text, size_t cap)
{
    struct config_setting s;
    char section[sizeof s.section] = "";
    size_t used = 0;
    for (size_t i = 0; config_setting(&config, i, &s); i++) {
        if (strcmp(section, s.section) != 0)
            used += (size_t)snprintf(text + used, cap - used, "[%s]\n", s.section);
        used += (size_t)snprintf(text + used, cap - used, "%s = %s\n", s.key, s.value);
        if (used >= cap)
            abort();
        memcpy(section, s.section, sizeof section);
    }
    return used;
}

static void compare(void)
{
    struct config_setting a, b;
    for (size_t i = 0; config_setting(&config, i, &a); i++)
        if (!config_setting(&again, i, &b) || strcmp(a.section, b.section) != 0 || strcmp(a.key, b.key) != 0 ||
            strcmp(a.value, b.value) != 0)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[CONFIG_FILE_MAX];
    char error[CONFIG_ERROR_SIZE];
    memset(&config, 0xa5, sizeof config);
    memset(&before, 0xa5, sizeof before);
    memset(error, 'e', sizeof error);
    int r = config_parse((const char *)data, size, "f", &config, error);
    if (r < 0) {
        if (r != -EINVAL || memcmp(&config, &before, sizeof config) != 0 || strncmp(error, "f:", 2) != 0 ||
            strnlen(error, sizeof error) == sizeof error || strpbrk(error, "\n\x1b"))
            abort();
        return 0;
    }
    if (config_parse(text, print(text, sizeof text), "f", &again, error) < 0)
        abort();
    compare();
    return 0;
}
