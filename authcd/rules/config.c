/* SPDX-License-Identifier: MIT
 *
 * What a configuration means: the tables that config.def makes, its defaults, and which value holds for a service.
 * Reading a file is config_file's, how single values look is config_value's.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "config_kind.h"
#include "text.h"

#define ROW(section, key_, field, type_, fallback_, min_, max_, words_, help_)                                         \
    {.key = #key_,                                                                                                     \
     .type = CONFIG_TYPE_##type_,                                                                                      \
     .offset = offsetof(struct section, field),                                                                        \
     .size = sizeof(((struct section *)0)->field),                                                                     \
     .fallback = fallback_,                                                                                            \
     .min = min_,                                                                                                      \
     .max = max_,                                                                                                      \
     .words = words_,                                                                                                  \
     .help = help_},

static const struct config_row authcd_rows[] = {
#define AUTHCD(...) ROW(config_authcd, __VA_ARGS__)
#define SERVICE(...)
#define AUDIENCE(...)
#include "config.def"
};

static const struct config_row service_rows[] = {
#define AUTHCD(...)
#define SERVICE(...) ROW(config_service, __VA_ARGS__)
#define AUDIENCE(...)
#include "config.def"
};

static const struct config_row audience_rows[] = {
#define AUTHCD(...)
#define SERVICE(...)
#define AUDIENCE(...) ROW(config_audience, __VA_ARGS__)
#include "config.def"
};

const struct config_kind config_kinds[CONFIG_KINDS] = {
    [CONFIG_KIND_AUTHCD] = {"authcd", authcd_rows, sizeof authcd_rows / sizeof *authcd_rows},
    [CONFIG_KIND_SERVICE] = {"service", service_rows, sizeof service_rows / sizeof *service_rows},
    [CONFIG_KIND_AUDIENCE] = {"audience", audience_rows, sizeof audience_rows / sizeof *audience_rows},
};

/* Every section's struct begins with `set`, so that one pointer leads to all of it. */
_Static_assert(offsetof(struct config_authcd, set) == 0, "set");
_Static_assert(offsetof(struct config_service, set) == 0, "set");
_Static_assert(offsetof(struct config_audience, set) == 0, "set");

/* The table's own defaults; one that its row does not take is a mistake in the table, and no config to start with. */
void config_kind_fill(enum config_kind_place place, void *section)
{
    const struct config_kind *kind = &config_kinds[place];
    for (size_t i = 0; i < kind->n; i++)
        if (config_value_parse(&kind->rows[i], kind->rows[i].fallback, section) < 0)
            abort();
}

void config_defaults(struct config *ret)
{
    memset(ret, 0, sizeof *ret);
    config_kind_fill(CONFIG_KIND_AUTHCD, &ret->authcd);
    config_kind_fill(CONFIG_KIND_SERVICE, &ret->services[0]);
    ret->services[0].name[0] = '*';
    ret->n_services = 1;
}

/* The built-in rows: where people begin to work, a login begins a session. Not what the file says of
 * console_services: that is about who is known. */
static bool keeps_sessions(const char *service)
{
    return strcmp(service, "sshd") == 0 || config_value_place(CONFIG_VALUE_CONSOLE_SERVICES, service) >= 0;
}

void config_service(const struct config *c, const char *name, struct config_service *ret)
{
    const struct config_service *own = NULL;
    struct config_service s = c->services[0];
    for (size_t i = 0; i < c->n_services; i++)
        if (strcmp(c->services[i].name, name) == 0)
            own = &c->services[i];
    if (keeps_sessions(name))
        s.sessions = true;
    s.set = own ? own->set : 0;
    for (size_t i = 0; i < sizeof service_rows / sizeof *service_rows; i++) {
        const struct config_row *row = &service_rows[i];
        if (s.set & UINT64_C(1) << i)
            memcpy((char *)&s + row->offset, (const char *)own + row->offset, row->size);
    }
    if (text_copy(s.name, sizeof s.name, name) < 0)
        s.name[0] = '\0'; /* longer than any section's */
    *ret = s;
}

const struct config_audience *config_audience(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_audiences; i++)
        if (strcmp(c->audiences[i].name, name) == 0)
            return &c->audiences[i];
    return NULL;
}

static bool setting(const struct config_kind *kind, const void *section, const char *name, size_t i,
                    struct config_setting *ret)
{
    struct config_setting s = {.changed = *(const uint64_t *)section & UINT64_C(1) << i};
    if (text_format(s.section, sizeof s.section, "%s%s%s", kind->title, *name ? " " : "", name) < 0 ||
        text_copy(s.key, sizeof s.key, kind->rows[i].key) < 0 ||
        config_value_print(&kind->rows[i], section, s.value, sizeof s.value) < 0)
        return false;
    *ret = s;
    return true;
}

bool config_setting(const struct config *c, size_t index, struct config_setting *ret)
{
    const struct config_kind *authcd = &config_kinds[CONFIG_KIND_AUTHCD];
    const struct config_kind *service = &config_kinds[CONFIG_KIND_SERVICE];
    const struct config_kind *audience = &config_kinds[CONFIG_KIND_AUDIENCE];
    if (index < authcd->n)
        return setting(authcd, &c->authcd, "", index, ret);
    index -= authcd->n;
    if (index < c->n_services * service->n) {
        struct config_service s;
        config_service(c, c->services[index / service->n].name, &s);
        return setting(service, &s, s.name, index % service->n, ret);
    }
    index -= c->n_services * service->n;
    if (index >= c->n_audiences * audience->n)
        return false;
    const struct config_audience *a = &c->audiences[index / audience->n];
    return setting(audience, a, a->name, index % audience->n, ret);
}

bool config_role_exists(const char *name)
{
    return config_value_place(CONFIG_VALUE_ROLES, name) >= 0;
}

bool config_roles_have(const struct config_roles *roles, const char *role)
{
    for (size_t i = 0; i < roles->n && i < CONFIG_ROLES_MAX; i++)
        if (role && role[0] != '\0' && strcmp(roles->names[i], role) == 0)
            return true;
    return false;
}
