/* SPDX-License-Identifier: MIT
 *
 * See config_check.h. Each section of a service is judged as it holds, with what it takes from [service *]; but what
 * could merely do nothing is wrong only where it was written for that very service.
 */
#include "config_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum authcd_place {
#define AUTHCD(key, ...) AUTHCD_##key,
#include "config.def"
};

/* Services that people reach over a network: six digits alone would be all that is to be guessed. "*" is what is not
 * named, and so may be any of them. */
static const char *const remote_services[] = {
    "*", "cockpit", "dovecot", "openvpn", "proftpd", "remote", "sshd", "vsftpd", "xrdp-sesman",
};

/* One service as it holds, and where it is written. */
struct subject {
    struct config_service s;
    const struct config_check_lines *own, *any;
    bool password, otp; /* are among its factors */
};

__attribute__((format(printf, 3, 4))) static int wrong(struct config_check *c, unsigned line, const char *format, ...)
{
    va_list args;

    c->line = line;
    va_start(args, format);
    vsnprintf(c->text, sizeof c->text, format, args);
    va_end(args);
    return -EINVAL;
}

static int check_memory(struct config_check *c)
{
    const struct config_authcd *a = &c->config->authcd;
    unsigned one = c->authcd->keys[AUTHCD_argon2_memory], all = c->authcd->keys[AUTHCD_hash_memory];

    if (a->argon2_memory <= a->hash_memory)
        return 0;
    return wrong(c, one > all ? one : all, "argon2_memory is above hash_memory: not one password could be hashed");
}

static bool is_remote(const char *service)
{
    for (size_t i = 0; i < sizeof remote_services / sizeof *remote_services; i++)
        if (strcmp(remote_services[i], service) == 0)
            return true;
    return false;
}

static bool is_any(const struct subject *t)
{
    return strcmp(t->s.name, "*") == 0;
}

static bool sets(const struct subject *t, enum config_service_key key)
{
    return t->s.set & CONFIG_BIT(key);
}

/* The line that gave the value: its own, that of [service *], or at least the section's header. */
static unsigned line_of(const struct subject *t, enum config_service_key key)
{
    return t->own->keys[key] > 0 ? t->own->keys[key] : t->any->keys[key] > 0 ? t->any->keys[key] : t->own->header;
}

static int check_factors(struct config_check *c, const struct subject *t)
{
    const char *name = t->s.name;

    if (t->s.combined && !(t->password && t->otp))
        return wrong(c, line_of(t, CONFIG_SERVICE_combined),
                     "[service %s]: combined = yes wants factors = password otp", name);
    if (!t->password && is_remote(name))
        return wrong(c, line_of(t, CONFIG_SERVICE_factors),
                     "[service %s]: factors = otp alone leaves six digits to guess from anywhere: wants password otp%s",
                     name, is_any(t) ? " (name the local service that may do with a code)" : "");
    return 0;
}

static int check_enrol(struct config_check *c, const struct subject *t)
{
    const char *name = t->s.name, *why = config_no_enrol(name);
    bool own = sets(t, CONFIG_SERVICE_unenrolled);

    if (t->s.unenrolled != CONFIG_UNENROLLED_ENROL)
        return 0;
    if (own && why)
        return wrong(c, line_of(t, CONFIG_SERVICE_unenrolled),
                     "[service %s]: unenrolled = enrol cannot work there: %s: wants deny or skip", name, why);
    if (!t->password)
        return wrong(c, line_of(t, CONFIG_SERVICE_unenrolled),
                     "[service %s]: unenrolled = enrol wants a password in factors: nothing else tells who enrols",
                     name);
    if (t->s.combined && !why)
        return wrong(c, line_of(t, CONFIG_SERVICE_combined),
                     "[service %s]: combined = yes leaves no prompt to enrol in: wants unenrolled = deny or skip",
                     name);
    return 0;
}

static int check_key(struct config_check *c, const struct subject *t)
{
    unsigned line = line_of(t, CONFIG_SERVICE_key_replaces);

    if (t->s.key_replaces == CONFIG_KEY_REPLACES_NOTHING)
        return 0;
    if (strcmp(t->s.name, "sshd") != 0)
        return wrong(c, line,
                     "[service %s]: key_replaces = password: only sshd verifies public keys: wants [service sshd]",
                     t->s.name);
    if (!t->otp)
        return wrong(c, line,
                     "[service sshd]: key_replaces = password wants factors = password otp: after a key nothing would "
                     "be left to ask");
    return 0;
}

static int check_service(struct config_check *c, size_t i)
{
    static int (*const checks[])(struct config_check *, const struct subject *) = {check_factors, check_enrol,
                                                                                   check_key};
    struct subject t = {.own = &c->services[i], .any = &c->services[0]};
    int r = 0;

    config_service(c->config, c->config->services[i].name, &t.s);
    for (size_t k = 0; k < t.s.factors.n; k++) {
        t.password |= t.s.factors.kinds[k] == CONFIG_FACTOR_PASSWORD;
        t.otp |= t.s.factors.kinds[k] == CONFIG_FACTOR_OTP;
    }
    for (size_t k = 0; r == 0 && k < sizeof checks / sizeof *checks; k++)
        r = checks[k](c, &t);
    return r;
}

int config_check(struct config_check *c)
{
    int r = check_memory(c);

    for (size_t i = 0; r == 0 && i < c->config->n_services; i++)
        r = check_service(c, i);
    return r;
}
