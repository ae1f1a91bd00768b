/* SPDX-License-Identifier: MIT
 *
 * What a configuration means: the tables that config.def makes, its defaults, and which value holds for a service.
 * Reading a file is config_file's, how single values look is config_value's.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "config_builtin.h"
#include "config_kind.h"
#include "stricter.h"
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
#include "config.def"
};

static const struct config_row service_rows[] = {
#define SERVICE(...) ROW(config_service, __VA_ARGS__)
#include "config.def"
};

static const struct config_row role_rows[] = {
#define ROLE(...) ROW(config_role, __VA_ARGS__)
#include "config.def"
};

static const struct config_row audience_rows[] = {
#define AUDIENCE(...) ROW(config_audience, __VA_ARGS__)
#include "config.def"
};

#define KIND(name, rows)                                                                                               \
    {                                                                                                                  \
        name, rows, sizeof(rows) / sizeof *(rows)                                                                      \
    }
const struct config_kind config_kinds[CONFIG_KINDS] = {
    [CONFIG_KIND_AUTHCD] = KIND("authcd", authcd_rows),
    [CONFIG_KIND_SERVICE] = KIND("service", service_rows),
    [CONFIG_KIND_ROLE] = KIND("role", role_rows),
    [CONFIG_KIND_AUDIENCE] = KIND("audience", audience_rows),
};

/* Every section's struct begins with `set`, and every named one goes on with its name, so that one pointer leads to all
 * of it. */
#define BEGINS(section)                                                                                                \
    _Static_assert(offsetof(struct section, set) == 0 && offsetof(struct section, name) == sizeof(uint64_t), "begins")
_Static_assert(offsetof(struct config_authcd, set) == 0, "begins");
BEGINS(config_service);
BEGINS(config_role);
BEGINS(config_audience);

/* The table's own defaults; one that its row does not take is a mistake in the table, and no config to start with. */
void config_kind_fill(enum config_kind_place place, void *section)
{
    const struct config_kind *kind = &config_kinds[place];
    for (size_t i = 0; i < kind->n; i++)
        if (kind->rows[i].fallback && config_value_parse(&kind->rows[i], kind->rows[i].fallback, section) < 0)
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

/* The values that are built in for services of that name go before those of [service *]. */
static void take_builtin(const struct config_builtin *builtin, struct config_service *s)
{
    s->sessions = builtin->sessions;
    s->builtin = CONFIG_BIT(CONFIG_SERVICE_sessions);
    if (!builtin->roles)
        return;
    if (config_value_parse(&service_rows[CONFIG_SERVICE_roles], builtin->roles, s) < 0)
        abort();
    s->builtin |= CONFIG_BIT(CONFIG_SERVICE_roles);
}

static void take_own(const struct config_service *own, struct config_service *s)
{
    s->set = own->set;
    for (size_t i = 0; i < sizeof service_rows / sizeof *service_rows; i++) {
        const struct config_row *row = &service_rows[i];
        if (s->set & CONFIG_BIT(i))
            memcpy((char *)s + row->offset, (const char *)own + row->offset, row->size);
    }
    s->builtin &= ~s->set;
}

/* What [service *] says of enrolling for all is no wish to go without codes where that cannot work. (What a service's
 * own section says of it there config_check refuses.) */
static void refuse_enrol(const struct config_builtin *builtin, struct config_service *s)
{
    if (!builtin->no_enrol || s->unenrolled != CONFIG_UNENROLLED_ENROL ||
        (s->set & CONFIG_BIT(CONFIG_SERVICE_unenrolled)))
        return;
    s->unenrolled = CONFIG_UNENROLLED_DENY;
    s->builtin |= CONFIG_BIT(CONFIG_SERVICE_unenrolled);
}

void config_service(const struct config *c, const char *name, struct config_service *ret)
{
    const struct config_builtin *builtin = config_builtin(name);
    struct config_service s = c->services[0];

    s.any = s.set;
    s.set = 0;
    if (builtin)
        take_builtin(builtin, &s);
    for (size_t i = 0; i < c->n_services; i++)
        if (strcmp(c->services[i].name, name) == 0)
            take_own(&c->services[i], &s);
    if (builtin)
        refuse_enrol(builtin, &s);
    s.any &= ~(s.set | s.builtin);
    if (text_copy(s.name, sizeof s.name, name) < 0)
        s.name[0] = '\0'; /* longer than any section's */
    *ret = s;
}

const char *config_no_enrol(const char *service)
{
    const struct config_builtin *builtin = config_builtin(service);
    return builtin ? builtin->no_enrol : NULL;
}

void config_role(const struct config *c, const struct config_service *service, const char *role,
                 struct config_role *ret)
{
    struct config_role r = {0};
    bool let_in = config_roles_have(&service->roles, role);

    for (size_t i = 0; i < c->n_roles; i++) {
        const struct config_role *section = &c->roles[i];
        if (let_in && strcmp(section->name, role) == 0)
            r = *section;
        else if (!let_in && config_roles_have(&service->roles, section->name))
            r = stricter_role(&r, section);
    }
    *ret = r;
}

const struct config_audience *config_audience(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_audiences; i++)
        if (strcmp(c->audiences[i].name, name) == 0)
            return &c->audiences[i];
    return NULL;
}

/* The i-th section of that kind, as written; NULL past the end. */
static const void *section_at(const struct config *c, enum config_kind_place kind, size_t i)
{
    switch (kind) {
    case CONFIG_KIND_AUTHCD:
        return i == 0 ? &c->authcd : NULL;
    case CONFIG_KIND_SERVICE:
        return i < c->n_services ? &c->services[i] : NULL;
    case CONFIG_KIND_ROLE:
        return i < c->n_roles ? &c->roles[i] : NULL;
    case CONFIG_KIND_AUDIENCE:
        return i < c->n_audiences ? &c->audiences[i] : NULL;
    case CONFIG_KINDS:
        break;
    }
    return NULL;
}

/* Finds the row after *index others of a section; else takes those of the section off *index. */
static const struct config_row *row_at(const struct config_kind *kind, const void *section, size_t *index)
{
    uint64_t set = *(const uint64_t *)section;

    for (size_t i = 0; i < kind->n; i++)
        if ((kind->rows[i].fallback || (set & CONFIG_BIT(i))) && (*index)-- == 0)
            return &kind->rows[i];
    return NULL;
}

static bool fill_setting(const struct config *c, enum config_kind_place place, const struct config_row *row,
                         const void *section, struct config_setting *ret)
{
    const char *name = place == CONFIG_KIND_AUTHCD ? "" : (const char *)section + sizeof(uint64_t);
    struct config_setting s = {.changed = *(const uint64_t *)section & CONFIG_BIT(row - config_kinds[place].rows)};
    struct config_service holds;

    if (place == CONFIG_KIND_SERVICE)
        config_service(c, name, &holds);
    if (text_format(s.section, sizeof s.section, "%s%s%s", config_kinds[place].title, *name ? " " : "", name) < 0 ||
        text_copy(s.key, sizeof s.key, row->key) < 0 ||
        config_value_print(row, place == CONFIG_KIND_SERVICE ? &holds : section, s.value, sizeof s.value) < 0)
        return false;
    *ret = s;
    return true;
}

bool config_setting(const struct config *c, size_t index, struct config_setting *ret)
{
    const void *section;

    for (enum config_kind_place kind = 0; kind < CONFIG_KINDS; kind++)
        for (size_t i = 0; (section = section_at(c, kind, i)); i++) {
            const struct config_row *row = row_at(&config_kinds[kind], section, &index);
            if (row)
                return fill_setting(c, kind, row, section, ret);
        }
    return false;
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
