/* SPDX-License-Identifier: MIT
 *
 * authcd.conf: lines into sections, keys into fields. The whole text is read into a copy, so that a bad one changes
 * nothing; the first error is told, with its line and what would be right. Leaves out where the file lies and who may
 * write it, and what needs more than one value to judge (config_check).
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_check.h"
#include "config_kind.h"
#include "text.h"

enum { LINE_SIZE = 1024 };

struct parser {
    struct config config;
    const char *name; /* of the file */
    char *error;
    unsigned line;
    const struct config_kind *kind; /* of the section we are in; NULL before the first */
    void *section;
    struct config_check_lines *place;
    struct config_check_lines authcd_place;
    struct config_check_lines service_places[CONFIG_SERVICES_MAX];
    struct config_check_lines role_places[CONFIG_ROLE_SECTIONS_MAX];
    struct config_check_lines audience_places[CONFIG_AUDIENCES_MAX];
};

static void free_parser(struct parser **p)
{
    free(*p);
}

__attribute__((format(printf, 3, 4))) static int fail(struct parser *p, unsigned line, const char *format, ...)
{
    snprintf(p->error, CONFIG_ERROR_SIZE, "%s:%u: ", p->name, line);
    size_t used = strlen(p->error);
    va_list args;
    va_start(args, format);
    vsnprintf(p->error + used, CONFIG_ERROR_SIZE - used, format, args);
    va_end(args);
    return -EINVAL;
}

/* What the file says, fit for an error message. */
struct shown {
    char text[81];
};

static struct shown show(const char *text)
{
    struct shown s = {0};
    text_printable(s.text, sizeof s.text, text);
    return s;
}

/* ---- sections ---- */

static int enter(struct parser *p, enum config_kind_place kind, void *section, struct config_check_lines *place,
                 const char *name)
{
    if (place->header > 0)
        return fail(p, p->line, "a second [%s%s%s]; the first is in line %u: put both together",
                    config_kinds[kind].title, *name ? " " : "", name, place->header);
    place->header = p->line;
    p->kind = &config_kinds[kind];
    p->section = section;
    p->place = place;
    return 0;
}

/* Finds the section of that name among the n of its kind, or gives it the next place. */
static int find_section(struct parser *p, enum config_kind_place kind, void *sections, size_t size, size_t *n,
                        size_t max, const char *name)
{
    size_t i = 0;
    char *section = sections;

    for (; i < *n && strcmp(section + sizeof(uint64_t), name) != 0; i++)
        section += size;
    if (i == max)
        return fail(p, p->line, "more than %zu %ss", max, config_kinds[kind].title);
    if (i == *n) {
        config_kind_fill(kind, section);
        memcpy(section + sizeof(uint64_t), name, strlen(name));
        (*n)++;
    }
    return (int)i;
}

static int enter_service(struct parser *p, const char *name)
{
    struct config *c = &p->config;

    if (strcmp(name, "*") != 0 && !text_is_word(name, CONFIG_NAME_SIZE - 1))
        return fail(p, p->line, "\"%s\" names no service: wants a PAM service name, or *", show(name).text);
    int i = find_section(p, CONFIG_KIND_SERVICE, c->services, sizeof c->services[0], &c->n_services,
                         CONFIG_SERVICES_MAX, name);
    return i < 0 ? i : enter(p, CONFIG_KIND_SERVICE, &c->services[i], &p->service_places[i], name);
}

static int enter_role(struct parser *p, const char *name)
{
    struct config *c = &p->config;

    if (!config_role_exists(name))
        return fail(p, p->line, "\"%s\" names no role: wants one of %s", show(name).text, CONFIG_VALUE_ROLES);
    int i =
        find_section(p, CONFIG_KIND_ROLE, c->roles, sizeof c->roles[0], &c->n_roles, CONFIG_ROLE_SECTIONS_MAX, name);
    return i < 0 ? i : enter(p, CONFIG_KIND_ROLE, &c->roles[i], &p->role_places[i], name);
}

static int enter_audience(struct parser *p, const char *name)
{
    struct config *c = &p->config;

    if (!text_is_word(name, CONFIG_NAME_SIZE - 1))
        return fail(p, p->line, "\"%s\" names no audience: wants A-Z a-z 0-9 . _ -", show(name).text);
    int i = find_section(p, CONFIG_KIND_AUDIENCE, c->audiences, sizeof c->audiences[0], &c->n_audiences,
                         CONFIG_AUDIENCES_MAX, name);
    return i < 0 ? i : enter(p, CONFIG_KIND_AUDIENCE, &c->audiences[i], &p->audience_places[i], name);
}

/* line is "[...": cut up in place. */
static int read_section(struct parser *p, char *line)
{
    size_t len = strlen(line);
    if (line[len - 1] != ']')
        return fail(p, p->line, "a section without its ]");
    line[len - 1] = '\0';
    char *rest = NULL;
    const char *title = strtok_r(line + 1, " \t", &rest);
    const char *name = strtok_r(NULL, " \t", &rest);
    bool more = strtok_r(NULL, " \t", &rest) != NULL;
    if (title && strcmp(title, "authcd") == 0 && !name)
        return enter(p, CONFIG_KIND_AUTHCD, &p->config.authcd, &p->authcd_place, "");
    if (title && strcmp(title, "service") == 0 && name && !more)
        return enter_service(p, name);
    if (title && strcmp(title, "role") == 0 && name && !more)
        return enter_role(p, name);
    if (title && strcmp(title, "audience") == 0 && name && !more)
        return enter_audience(p, name);
    return fail(p, p->line,
                "no such section: wants [authcd], [service NAME], [service *], [role NAME] or [audience NAME]");
}

/* ---- keys ---- */

static char *trim(char *text)
{
    size_t len;
    text += strspn(text, " \t");
    for (len = strlen(text); len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'); len--)
        text[len - 1] = '\0';
    return text;
}

static int fail_key(struct parser *p, const char *key)
{
    char keys[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < p->kind->n && used < sizeof keys; i++)
        used += (size_t)snprintf(keys + used, sizeof keys - used, " %s", p->kind->rows[i].key);
    return fail(p, p->line, "no key \"%s\" in [%s]: it has%s", show(key).text, p->kind->title, keys);
}

static int fail_value(struct parser *p, const struct config_row *row, const char *value)
{
    char wants[256];
    config_value_wants(row, value, wants, sizeof wants);
    return fail(p, p->line, "%s = %s: wants %s (%s)", row->key, show(value).text, wants, row->help);
}

static int read_key(struct parser *p, char *line)
{
    size_t i = 0;
    char *value = strchr(line, '=');
    if (!value)
        return fail(p, p->line, "\"%s\": wants [section] or key = value", show(line).text);
    *value++ = '\0';
    const char *key = trim(line);
    value = trim(value);
    if (!p->kind)
        return fail(p, p->line, "\"%s\" stands before the first section: wants [authcd] above it", show(key).text);
    while (i < p->kind->n && strcmp(p->kind->rows[i].key, key) != 0)
        i++;
    if (i == p->kind->n)
        return fail_key(p, key);
    if (p->place->keys[i] > 0)
        return fail(p, p->line, "a second %s; the first is in line %u: remove one", key, p->place->keys[i]);
    if (config_value_parse(&p->kind->rows[i], value, p->section) < 0)
        return fail_value(p, &p->kind->rows[i], value);
    p->place->keys[i] = p->line;
    *(uint64_t *)p->section |= UINT64_C(1) << i;
    return 0;
}

/* ---- lines ---- */

static int check_bytes(struct parser *p, const char *line, size_t len)
{
    if (memchr(line, '\0', len))
        return fail(p, p->line, "a NUL byte: wants text");
    if (!text_is_utf8(line, len))
        return fail(p, p->line, "not UTF-8: save the file as UTF-8");
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7F)
            return fail(p, p->line, "control character 0x%02x: wants tabs and plain ends of lines only",
                        (unsigned)(unsigned char)line[i]);
    return 0;
}

/* The length of line without its comment: a # at the start or after white space. */
static size_t before_comment(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'))
            return i;
    return len;
}

static int read_line(struct parser *p, const char *line, size_t len)
{
    char copy[LINE_SIZE];
    int r = check_bytes(p, line, len);
    if (r < 0)
        return r;
    len = before_comment(line, len);
    if (len >= sizeof copy)
        return fail(p, p->line, "longer than %d bytes", LINE_SIZE - 1);
    memcpy(copy, line, len);
    copy[len] = '\0';
    char *text = trim(copy);
    if (*text == '\0')
        return 0;
    return *text == '[' ? read_section(p, text) : read_key(p, text);
}

static int read_lines(struct parser *p, const char *text, size_t len)
{
    int r = 0;
    for (size_t start = 0; r == 0 && start < len; p->line++) {
        const char *end = memchr(text + start, '\n', len - start);
        size_t n = end ? (size_t)(end - (text + start)) : len - start;
        r = read_line(p, text + start, n);
        start += n + 1;
    }
    return r;
}

static int check(struct parser *p)
{
    struct config_check c = {
        .config = &p->config,
        .authcd = &p->authcd_place,
        .services = p->service_places,
    };
    int r = config_check(&c);
    return r < 0 ? fail(p, c.line, "%s", c.text) : 0;
}

int config_parse(const char *text, size_t len, const char *name, struct config *ret, char error[CONFIG_ERROR_SIZE])
{
    __attribute__((cleanup(free_parser))) struct parser *p = calloc(1, sizeof *p);
    if (!p) {
        snprintf(error, CONFIG_ERROR_SIZE, "%s:1: out of memory", name);
        return -ENOMEM;
    }
    p->name = name;
    p->error = error;
    p->line = 1;
    if (len > CONFIG_FILE_MAX)
        return fail(p, 1, "%zu bytes: wants at most %d", len, CONFIG_FILE_MAX);
    config_defaults(&p->config);
    int r = read_lines(p, text, len);
    if (r == 0)
        r = check(p);
    if (r == 0)
        *ret = p->config;
    return r;
}
