/* SPDX-License-Identifier: MIT
 *
 * authcd.conf as a struct. config.def lists every key once (section, type, bounds, default, help); from it come this
 * struct, the parser, `authctl config show`, and the test that compares with authcd.conf(5). Pure: serve/conffile finds
 * and trusts the file, this only reads text.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "network.h"

enum {
    CONFIG_FILE_MAX = 65536, /* bytes */
    CONFIG_SERVICES_MAX = 64,
    CONFIG_AUDIENCES_MAX = 32,
    CONFIG_FACTORS_MAX = 4,
    CONFIG_ROLES_MAX = 16,
    CONFIG_WORDS_MAX = 32,
    CONFIG_NETWORKS_MAX = 32,
    CONFIG_ROLE_SECTIONS_MAX = 5, /* one for each role that ships */
    CONFIG_NAME_SIZE = 65,
    CONFIG_ROLE_SIZE = 33,
    CONFIG_TEXT_SIZE = 257,
    CONFIG_VALUE_SIZE = 961, /* of a value as it is printed: with its key it fits a line of the file */
    CONFIG_ERROR_SIZE = 512,
};

enum config_factor { CONFIG_FACTOR_PASSWORD = 1, CONFIG_FACTOR_OTP = 2 };
enum config_unenrolled {
    CONFIG_UNENROLLED_DENY,
    CONFIG_UNENROLLED_ENROL,
    CONFIG_UNENROLLED_SKIP
}; /* strictest first */
enum config_unknown { CONFIG_UNKNOWN_DENY, CONFIG_UNKNOWN_IGNORE };
enum config_key_replaces { CONFIG_KEY_REPLACES_NOTHING, CONFIG_KEY_REPLACES_PASSWORD };
enum config_limits { CONFIG_LIMITS_NIST, CONFIG_LIMITS_CIS, CONFIG_LIMITS_STIG };

struct config_factors {
    size_t n;
    enum config_factor kinds[CONFIG_FACTORS_MAX];
};

struct config_roles {
    size_t n;
    char names[CONFIG_ROLES_MAX][CONFIG_ROLE_SIZE];
};

/* What the name of a tty may consist of. */
#define CONFIG_TTY_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-/"

struct config_words {
    size_t n;
    char words[CONFIG_WORDS_MAX][CONFIG_NAME_SIZE];
};

struct config_networks {
    size_t n;
    struct network networks[CONFIG_NETWORKS_MAX];
};

/* One section's values. `set` has one bit for each key of the section (its place in config.def) that the file gave; a
 * test makes sure that every field here has its row there. */
struct config_authcd {
    uint64_t set;
    char user[CONFIG_NAME_SIZE];
    char state_dir[CONFIG_TEXT_SIZE];
    char run_dir[CONFIG_TEXT_SIZE];
    char issuer[CONFIG_TEXT_SIZE]; /* https URL; empty: serve fills in https://<host name> */
    enum config_limits limits;
    struct config_networks proxies;       /* many people come from one address */
    struct config_words console_services; /* programs that speak with whoever sits at this host */
    struct config_words consoles;         /* fnmatch patterns of the ttys that they may do it on */
    uint64_t argon2_memory;               /* bytes */
    uint64_t argon2_passes;
    uint64_t hash_memory;  /* bytes that all hashing threads may use together */
    int64_t deny_time_ms;  /* every denial leaves this long after the answer; written 2s, 200ms */
    uint64_t password_min; /* characters */
};

struct config_service {
    uint64_t set;
    char name[CONFIG_NAME_SIZE];
    uint64_t builtin, any; /* as `set`, for what config_service took from the built-in row, and from [service *] */
    struct config_factors factors;
    enum config_unenrolled unenrolled;
    enum config_unknown unknown;
    struct config_roles roles;
    bool sessions;
    uint64_t max_sessions; /* 0: no bound */
    int64_t grace_s;
    enum config_key_replaces key_replaces;
    bool combined;
};

/* What is stricter for people of one role, wherever they log in. A key that is not in `set` has no say. */
struct config_role {
    uint64_t set;
    char name[CONFIG_NAME_SIZE];
    struct config_factors factors;
    enum config_unenrolled unenrolled; /* deny or enrol */
    uint64_t max_sessions;             /* 1 or more */
    int64_t grace_s;
};

struct config_audience {
    uint64_t set;
    char name[CONFIG_NAME_SIZE];
    char alg[9]; /* ES256 */
    int64_t token_lifetime_s;
    char acr[9]; /* aal1 or aal2: what a session must have reached */
    struct config_roles roles;
};

struct config {
    struct config_authcd authcd;
    size_t n_services;
    struct config_service services[CONFIG_SERVICES_MAX]; /* as written; [0] is always "*" */
    size_t n_roles;
    struct config_role roles[CONFIG_ROLE_SECTIONS_MAX]; /* as written */
    size_t n_audiences;
    struct config_audience audiences[CONFIG_AUDIENCES_MAX];
};

/* The places of the keys in a section, and so their bits in `set`. */
enum config_service_key {
#define SERVICE(key, ...) CONFIG_SERVICE_##key,
#include "config.def"
};
enum config_role_key {
#define ROLE(key, ...) CONFIG_ROLE_##key,
#include "config.def"
};
#define CONFIG_BIT(key) (UINT64_C(1) << (key))

/* All defaults: what an empty file means. */
void config_defaults(struct config *ret);

/* Parses len bytes of text. -EINVAL and error = "NAME:LINE: what is wrong, what would be right" for the first error
 * (unknown section or key, duplicate, bad value, NUL, bad UTF-8, too long); *ret is then untouched. */
int config_parse(const char *text, size_t len, const char *name, struct config *ret, char error[CONFIG_ERROR_SIZE])
    __attribute__((warn_unused_result));

/* The values that hold for a service: its own section, then the built-in row of that name, then [service *], then the
 * built-in defaults, key by key. */
void config_service(const struct config *c, const char *name, struct config_service *ret);

/* What a role adds to what the service says: its own section. For a role that the service lets nobody in with, and for
 * "", as nobody's account has it: the strictest of those that it lets in, so that among people who are asked for most a
 * stranger's name does not stand out. */
void config_role(const struct config *c, const struct config_service *service, const char *role,
                 struct config_role *ret);

/* Why a code cannot be enrolled during a login over service, whatever its section says; NULL: it can. */
const char *config_no_enrol(const char *service);

/* NULL if there is no such audience. */
const struct config_audience *config_audience(const struct config *c, const char *name);

/* Walks every key of every section, for `config show`: 0-based index; false past the end. Of a role those that it
 * set. */
struct config_setting {
    char section[80];
    char key[33];
    char value[CONFIG_VALUE_SIZE];
    bool changed;
};
bool config_setting(const struct config *c, size_t index, struct config_setting *ret);

/* The role names that ship, in rank order; roles of one's own come with the role table. */
bool config_role_exists(const char *name);

/* Is role one of them? False for NULL and "". */
bool config_roles_have(const struct config_roles *roles, const char *role);

#endif
