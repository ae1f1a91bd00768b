/* SPDX-License-Identifier: MIT
 *
 * authcd.conf: lines into sections, keys into fields, then the checks that need more than one value. The whole text is
 * read into a copy, so that a bad one changes nothing; the first error is told, with its line and what would be right.
 * Leaves out where the file lies and who may write it.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_kind.h"
#include "text.h"

enum { LINE_SIZE = 1024, ROWS_MAX = 64 };

/* Places of the rows that the checks at the end are about. */
enum authcd_place {
#define AUTHCD(key, ...) AUTHCD_##key,
#define SERVICE(...)
#define AUDIENCE(...)
#include "config.def"
};
enum service_place {
#define AUTHCD(...)
#define SERVICE(key, ...) SERVICE_##key,
#define AUDIENCE(...)
#include "config.def"
};

/* Services that people reach over a network: six digits alone would be all that is to be guessed. "*" is what is not
 * named, and so may be any of them. */
static const char *const remote_services[] = {
    "*", "cockpit", "dovecot", "openvpn", "proftpd", "remote", "sshd", "vsftpd", "xrdp-sesman",
};

/* Where each section and key of the file stood, for errors and to find duplicates. */
struct place {
    unsigned header;
    unsigned keys[ROWS_MAX];
};

struct parser {
    struct config config;
    const char *name; /* of the file */
    char *error;
    unsigned line;
    const struct config_kind *kind; /* of the section we are in; NULL before the first */
    void *section;
    struct place *place;
    struct place authcd_place;
    struct place service_places[CONFIG_SERVICES_MAX];
    struct place audience_places[CONFIG_AUDIENCES_MAX];
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

static int enter(struct parser *p, enum config_kind_place kind, void *section, struct place *place, const char *name)
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

static int enter_service(struct parser *p, const char *name)
{
    struct config *c = &p->config;
    size_t i = 0;
    if (strcmp(name, "*") != 0 && !text_is_word(name, CONFIG_NAME_SIZE - 1))
        return fail(p, p->line, "\"%s\" names no service: wants a PAM service name, or *", show(name).text);
    while (i < c->n_services && strcmp(c->services[i].name, name) != 0)
        i++;
    if (i == CONFIG_SERVICES_MAX)
        return fail(p, p->line, "more than %d services", CONFIG_SERVICES_MAX);
    if (i == c->n_services) {
        config_kind_fill(CONFIG_KIND_SERVICE, &c->services[i]);
        memcpy(c->services[i].name, name, strlen(name));
        c->n_services++;
    }
    return enter(p, CONFIG_KIND_SERVICE, &c->services[i], &p->service_places[i], name);
}

static int enter_audience(struct parser *p, const char *name)
{
    struct config *c = &p->config;
    size_t i = 0;
    if (!text_is_word(name, CONFIG_NAME_SIZE - 1))
        return fail(p, p->line, "\"%s\" names no audience: wants A-Z a-z 0-9 . _ -", show(name).text);
    while (i < c->n_audiences && strcmp(c->audiences[i].name, name) != 0)
        i++;
    if (i == CONFIG_AUDIENCES_MAX)
        return fail(p, p->line, "more than %d audiences", CONFIG_AUDIENCES_MAX);
    if (i == c->n_audiences) {
        config_kind_fill(CONFIG_KIND_AUDIENCE, &c->audiences[i]);
        memcpy(c->audiences[i].name, name, strlen(name));
        c->n_audiences++;
    }
    return enter(p, CONFIG_KIND_AUDIENCE, &c->audiences[i], &p->audience_places[i], name);
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
    if (title && strcmp(title, "audience") == 0 && name && !more)
        return enter_audience(p, name);
    return fail(p, p->line, "no such section: wants [authcd], [service NAME], [service *] or [audience NAME]");
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

/* ---- checks over more than one value ---- */

static int check_memory(struct parser *p)
{
    const struct config_authcd *a = &p->config.authcd;
    const unsigned *lines = p->authcd_place.keys;
    unsigned one = lines[AUTHCD_argon2_memory], all = lines[AUTHCD_hash_memory];
    if (a->argon2_memory <= a->hash_memory)
        return 0;
    return fail(p, one > all ? one : all, "argon2_memory is above hash_memory: not one password could be hashed");
}

static bool is_remote(const char *service)
{
    for (size_t i = 0; i < sizeof remote_services / sizeof *remote_services; i++)
        if (strcmp(remote_services[i], service) == 0)
            return true;
    return false;
}

/* The line that gave service i its value: its own, that of [service *], or at least its header. */
static unsigned line_of(const struct parser *p, size_t i, enum service_place key)
{
    unsigned own = p->service_places[i].keys[key], any = p->service_places[0].keys[key];
    return own > 0 ? own : any > 0 ? any : p->service_places[i].header;
}

static int check_service(struct parser *p, size_t i)
{
    const char *name = p->config.services[i].name;
    struct config_service s;
    bool password = false, otp = false;
    config_service(&p->config, name, &s);
    for (size_t k = 0; k < s.factors.n; k++) {
        password |= s.factors.kinds[k] == CONFIG_FACTOR_PASSWORD;
        otp |= s.factors.kinds[k] == CONFIG_FACTOR_OTP;
    }
    if (s.combined && !(password && otp))
        return fail(p, line_of(p, i, SERVICE_combined), "[service %s]: combined = yes wants factors = password otp",
                    name);
    if (!password && is_remote(name))
        return fail(p, line_of(p, i, SERVICE_factors),
                    "[service %s]: factors = otp alone leaves six digits to guess from anywhere: wants password otp%s",
                    name, strcmp(name, "*") == 0 ? " (name the local service that may do with a code)" : "");
    return 0;
}

static int check(struct parser *p)
{
    int r = check_memory(p);
    for (size_t i = 0; r == 0 && i < p->config.n_services; i++)
        r = check_service(p, i);
    return r;
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
