/* SPDX-License-Identifier: MIT
 *
 * authcd.conf: what it may say, what each mistake is answered with (C1), which value holds for a service and a role,
 * and that whatever is printed reads back as the same.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "config_value.h"
#include "tap.h"

static struct config config, other;
static char error[CONFIG_ERROR_SIZE];

static int parse(const char *text)
{
    error[0] = '\0';
    return config_parse(text, strlen(text), "f", &config, error);
}

static struct config_service service(const char *name)
{
    struct config_service s;
    config_service(&config, name, &s);
    return s;
}

static const char *value(const char *section, const char *key)
{
    static struct config_setting s;
    for (size_t i = 0; config_setting(&config, i, &s); i++)
        if (strcmp(s.section, section) == 0 && strcmp(s.key, key) == 0)
            return s.value;
    return "(no such setting)";
}

static void test_defaults(void)
{
    static const struct {
        const char *section, *key, *want;
    } defaults[] = {
#define AUTHCD(key, field, type, fallback, ...) {"authcd", #key, fallback},
#define SERVICE(key, field, type, fallback, ...) {"service *", #key, fallback},
#define AUDIENCE(key, field, type, fallback, ...) {"audience web", #key, fallback},
#include "config.def"
    };
    is_int(parse("[audience web]\n"), 0, "an audience with all defaults");
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        is_str(value(defaults[i].section, defaults[i].key), defaults[i].want, "default of %s", defaults[i].key);
    config_defaults(&other);
    ok(memcmp(&config.authcd, &other.authcd, sizeof other.authcd) == 0, "an empty file means all defaults");
}

/* The same in the types that the rest of the program sees. */
static void test_default_fields(void)
{
    config_defaults(&config);
    is_str(config.authcd.user, "authc", "user");
    is_str(config.authcd.issuer, "", "issuer is for serve to fill in");
    is_int(config.authcd.limits, CONFIG_LIMITS_NIST, "limits");
    is_int(config.authcd.argon2_memory, 64 << 20, "argon2_memory in bytes");
    is_int(config.authcd.hash_memory, 256 << 20, "hash_memory in bytes");
    is_int(config.authcd.argon2_passes, 3, "argon2_passes");
    is_int(config.authcd.deny_time_ms, 2000, "deny_time in ms");
    is_int(config.authcd.password_min, 12, "password_min");
    is_int(config.authcd.set, 0, "nothing is set");
    is_int(config.authcd.proxies.n, 0, "no proxies");
    is_int(config.authcd.console_services.n, 13, "13 programs at the console");
    is_str(config.authcd.console_services.words[0], "login", "login among them");
    is_int(config.authcd.consoles.n, 5, "five kinds of consoles");
    is_str(config.authcd.consoles.words[4], ":[0-9]*", "X displays the last");
    struct config_service s = service("anything");
    is_int(s.factors.n, 2, "two factors");
    is_int(s.factors.kinds[0], CONFIG_FACTOR_PASSWORD, "the password first");
    is_int(s.factors.kinds[1], CONFIG_FACTOR_OTP, "then the code");
    is_int(s.unenrolled, CONFIG_UNENROLLED_SKIP, "unenrolled = skip");
    is_int(s.unknown, CONFIG_UNKNOWN_DENY, "unknown = deny");
    is_int(s.roles.n, 4, "four roles");
    is_str(s.roles.names[3], "user", "down to user");
    ok(!s.sessions && !s.combined, "no sessions, not combined");
    is_int(s.max_sessions, 0, "as many as they like where there are");
    is_int(s.grace_s, 0, "no grace");
    is_int(s.key_replaces, CONFIG_KEY_REPLACES_NOTHING, "a key replaces nothing");
    is_str(s.name, "anything", "under the name that was asked for");
    ok(config_audience(&config, "web") == NULL, "no audiences");
}

static void test_full(void)
{
    is_int(parse("# comment\n"
                 "\t [authcd]\t# comment\n"
                 "user=authc2\n"
                 "state_dir = /srv/a.b/..c#d   # a # inside a value stays\n"
                 "run_dir = /run/x\n"
                 "issuer = https://host.example.org:8443/auth\n"
                 "limits = nist\n"
                 "argon2_memory = 19456KiB\n"
                 "argon2_passes = 2\n"
                 "hash_memory = 1GiB\n"
                 "deny_time = 200ms\n"
                 "password_min = 8\n"
                 "\n"
                 "[service  *]\n"
                 "unenrolled = deny\n"
                 "[service sudo-i]\n"
                 "factors = otp\n"
                 "roles = \tsuperadmin   admin\n"
                 "unknown = ignore\n"
                 "sessions = yes\n"
                 "grace = 12h\n"
                 "max_sessions = 1000\n"
                 "[service gdm-password]\n"
                 "factors = otp password\n"
                 "combined = yes\n"
                 "[service sshd]\n"
                 "unenrolled = enrol\n"
                 "key_replaces = password\n"
                 "[role superadmin]\n"
                 "factors = otp\n"
                 "unenrolled = enrol\n"
                 "max_sessions = 1\n"
                 "grace = 0s\n"
                 "[audience web]\n"
                 "token_lifetime = 1h\n"
                 "acr = aal1\n"
                 "alg = ES256\n"
                 "roles = guest"),
           0, "everything at once");
    is_str(error, "", "without an error");
    is_str(config.authcd.user, "authc2", "user");
    is_str(config.authcd.state_dir, "/srv/a.b/..c#d", "state_dir");
    is_str(config.authcd.issuer, "https://host.example.org:8443/auth", "issuer");
    is_int(config.authcd.argon2_memory, 19 << 20, "argon2_memory at its least");
    is_int(config.authcd.deny_time_ms, 200, "deny_time");
    is_int(config.n_services, 4, "four services");
    is_str(config.services[0].name, "*", "* is the first");
    struct config_service s = service("sudo-i");
    is_int(s.factors.n, 1, "one factor");
    is_int(s.factors.kinds[0], CONFIG_FACTOR_OTP, "a code");
    is_int(s.unknown, CONFIG_UNKNOWN_IGNORE, "ignore");
    is_int(s.roles.n, 2, "two roles");
    is_str(s.roles.names[1], "admin", "the second");
    is_int(s.grace_s, 43200, "grace");
    is_int(s.max_sessions, 1000, "max_sessions");
    is_int(service("sshd").unenrolled, CONFIG_UNENROLLED_ENROL, "enrol");
    is_int(service("sshd").key_replaces, CONFIG_KEY_REPLACES_PASSWORD, "key_replaces");
    is_int(config.n_roles, 1, "one role");
    is_int(config_audience(&config, "web")->token_lifetime_s, 3600, "token_lifetime");
    is_str(config_audience(&config, "web")->acr, "aal1", "acr");
    ok(config_audience(&config, "we") == NULL && config_audience(&config, "webs") == NULL, "no other audience");
}

static void test_resolution(void)
{
    parse("[service *]\nsessions = no\nunenrolled = deny\nroles = admin\n[service login]\nsessions = no\n"
          "[service sshd]\nroles = user\n");
    ok(service("sshd").sessions, "the built-in row goes before [service *]");
    ok(!service("login").sessions, "a service's own section goes before the built-in row");
    ok(service("gdm-password").sessions && service("lightdm").sessions && service("sddm").sessions,
       "display managers have the built-in row");
    ok(!service("sudo").sessions && !service("su").sessions && !service("*").sessions, "sudo, su and * begin none");
    is_int(service("sshd").unenrolled, CONFIG_UNENROLLED_DENY, "[service *] goes before the built-in default");
    is_str(service("sshd").roles.names[0], "user", "key by key");
    is_str(service("other").roles.names[0], "admin", "a service without a section has that of *");
    is_int(service("sshd").unknown, CONFIG_UNKNOWN_DENY, "the built-in default comes last");
    parse("[authcd]\nconsole_services = kmscon\n");
    ok(service("login").sessions && !service("kmscon").sessions, "built-in rows are about no console");
    parse("[service *]\nsessions = yes\n");
    ok(service("vsftpd").sessions, "[service *] holds where there is no built-in row");
    ok(!service("sudo").sessions, "and not where there is one");
    static const char longest[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    is_str(service(longest).name, "", "a name longer than any section's has that of * as well");
    ok(service(longest).sessions, "with its values");
}

#define SECTIONS "[authcd], [service NAME], [service *], [role NAME] or [audience NAME]"

/* Which of four places a key's value came from, as its bit in each set tells. */
static const char *place_of(const char *name, enum config_service_key key)
{
    struct config_service s = service(name);
    bool own = s.set & CONFIG_BIT(key), builtin = s.builtin & CONFIG_BIT(key), any = s.any & CONFIG_BIT(key);
    return own + builtin + any > 1 ? "several" : own ? "own" : builtin ? "built in" : any ? "any" : "default";
}

static void test_places(void)
{
    parse("[service *]\nsessions = yes\nroles = admin\nunenrolled = deny\n[service sshd]\nsessions = no\nroles = user\n"
          "[service self]\n");
    is_str(place_of("sshd", CONFIG_SERVICE_sessions), "own", "sessions of sshd: its own section's");
    is_str(place_of("sshd", CONFIG_SERVICE_unenrolled), "any", "unenrolled: [service *]'s");
    is_str(place_of("sshd", CONFIG_SERVICE_grace), "default", "grace: nobody's");
    is_str(place_of("login", CONFIG_SERVICE_sessions), "built in", "sessions of login: its row's");
    is_str(place_of("login", CONFIG_SERVICE_roles), "any", "of which roles says nothing");
    is_str(place_of("self", CONFIG_SERVICE_roles), "built in", "that of self does");
    is_str(place_of("*", CONFIG_SERVICE_roles), "own", "[service *] itself");
    is_str(place_of("sudo", CONFIG_SERVICE_unenrolled), "any", "and for sudo");
    parse("[service *]\nunenrolled = enrol\n");
    is_int(service("sudo").unenrolled, CONFIG_UNENROLLED_DENY, "but for enrol, which is deny where it cannot work");
    is_str(place_of("sudo", CONFIG_SERVICE_unenrolled), "built in", "of its row");
    is_int(service("sshd").unenrolled, CONFIG_UNENROLLED_ENROL, "and enrol elsewhere");
}

static struct config_role role(const char *service_name, const char *name)
{
    struct config_service s = service(service_name);
    struct config_role r;
    memset(&r, 0xA5, sizeof r);
    config_role(&config, &s, name, &r);
    return r;
}

static void test_role_sections(void)
{
    parse("[service ftp]\nfactors = password\nroles = admin user\n[role admin]\nfactors = otp\ngrace = 5m\n"
          "[role user]\ngrace = 1m\nmax_sessions = 3\n[role guest]\nunenrolled = deny\n");
    is_int(role("ftp", "admin").set, CONFIG_BIT(CONFIG_ROLE_factors) | CONFIG_BIT(CONFIG_ROLE_grace),
           "a role's own section, and what it sets");
    is_int(role("ftp", "admin").grace_s, 300, "with its value");
    is_int(role("x", "moderator").set, 0, "a role without a section says nothing");
    is_str(role("x", "moderator").name, "", "in nobody's name");
    is_int(role("ftp", "").factors.n, 1, "nobody's account: as much as of anybody let in there");
    is_int(role("ftp", "").grace_s, 60, "the shorter grace");
    is_int(role("ftp", "").max_sessions, 3, "the bound that there is");
    ok(!(role("ftp", "").set & CONFIG_BIT(CONFIG_ROLE_unenrolled)), "a role that is not let in does not count");
    ok(role("ftp", "guest").set == role("ftp", "").set && role("ftp", "guest").grace_s == 60,
       "and is asked as nobody is");
    is_int(role("ftp", "king").set, role("ftp", "").set, "as is a role that there is not");
    ok(role("ftp", "admi").set == role("ftp", "").set && role("ftp", "admin user").set == role("ftp", "").set,
       "however it is spelt");
}

static const struct {
    const char *text, *want;
} mistakes[] = {
    {"[authc]\n", "f:1: no such section: wants " SECTIONS},
    {"\n[authcd x]\n", "f:2: no such section: wants " SECTIONS},
    {"[service]\n", "f:1: no such section: wants " SECTIONS},
    {"[service a b]\n", "f:1: no such section: wants " SECTIONS},
    {"[]\n", "f:1: no such section: wants " SECTIONS},
    {"[", "f:1: a section without its ]"},
    {"[authcd", "f:1: a section without its ]"},
    {"[authcd] x\n", "f:1: a section without its ]"},
    {"[service a/b]\n", "f:1: \"a/b\" names no service: wants a PAM service name, or *"},
    {"[service \x1b]\n", "f:1: control character 0x1b: wants tabs and plain ends of lines only"},
    {"[audience *]\n", "f:1: \"*\" names no audience: wants A-Z a-z 0-9 . _ -"},
    {"[authcd]\n[service x]\n[authcd]\n", "f:3: a second [authcd]; the first is in line 1: put both together"},
    {"[service x]\n[service *]\n[service x]\n", "f:3: a second [service x]; the first is in line 1: put both together"},
    {"[service *]\n[service *]\n", "f:2: a second [service *]; the first is in line 1: put both together"},
    {"[audience x]\n[audience x]\n", "f:2: a second [audience x]; the first is in line 1: put both together"},
    {"user = x\n", "f:1: \"user\" stands before the first section: wants [authcd] above it"},
    {"[authcd]\nuser\n", "f:2: \"user\": wants [section] or key = value"},
    {"[authcd]\n\xc3\xa9\n", "f:2: \"\xc3\xa9\": wants [section] or key = value"},
    {"[authcd]\nUser = x\n",
     "f:2: no key \"User\" in [authcd]: it has user state_dir run_dir issuer limits proxies console_services consoles "
     "argon2_memory argon2_passes hash_memory deny_time password_min"},
    {"[audience a]\n= x\n", "f:2: no key \"\" in [audience]: it has alg token_lifetime acr roles"},
    {"[audience a]\nuser = x\n", "f:2: no key \"user\" in [audience]: it has alg token_lifetime acr roles"},
    {"[authcd]\nuser = a\n# x\nuser = a\n", "f:4: a second user; the first is in line 2: remove one"},
    {"[authcd]\nuser =\n",
     "f:2: user = : wants a name of A-Z a-z 0-9 . _ - (who authcd becomes when it was started as root)"},
    {"[authcd]\nrun_dir = run\n",
     "f:2: run_dir = run: wants an absolute path, not too long, without . and .. and // (sockets)"},
    {"[authcd]\nargon2_memory = 19455KiB\n", "f:2: argon2_memory = 19455KiB: wants a size like 64MiB, from 19MiB to "
                                             "2GiB (memory that one password hash takes)"},
    {"[authcd]\nargon2_passes = 1\n", "f:2: argon2_passes = 1: wants a number, from 2 to 16 (passes over that memory)"},
    {"[authcd]\ndeny_time = 31s\n", "f:2: deny_time = 31s: wants a time like 500ms or 2s, from 0ms to 30s (how long "
                                    "after the answer a denial leaves)"},
    {"[authcd]\n\nproxies = 192.0.2.0/24 10.1.0.7/16\n",
     "f:3: proxies = 192.0.2.0/24 10.1.0.7/16: wants up to 32 networks like 10.0.0.0/8 or 2001:db8::/32, each once, "
     "and 10.1.0.0/16 for 10.1.0.7/16 (where many people come from one address)"},
    {"[authcd]\nproxies = 2001:db8::1\n",
     "f:2: proxies = 2001:db8::1: wants up to 32 networks like 10.0.0.0/8 or 2001:db8::/32, each once, and "
     "2001:db8::1/128 for 2001:db8::1 (where many people come from one address)"},
    {"[authcd]\nproxies = ::ffff:10.0.0.7/104\n",
     "f:2: proxies = ::ffff:10.0.0.7/104: wants up to 32 networks like 10.0.0.0/8 or 2001:db8::/32, each once, and "
     "10.0.0.0/8 for ::ffff:10.0.0.7/104 (where many people come from one address)"},
    {"[authcd]\nproxies = x\n", "f:2: proxies = x: wants up to 32 networks like 10.0.0.0/8 or 2001:db8::/32, each once "
                                "(where many people come from one address)"},
    {"[authcd]\nconsole_services = a/b\n", "f:2: console_services = a/b: wants up to 32 names of A-Z a-z 0-9 . _ -, "
                                           "each once (who speaks at the console)"},
    {"[authcd]\nconsoles = /dev/tty1\n",
     "f:2: consoles = /dev/tty1: wants up to 32 ttys like tty1 or tty[0-9]*, each once (where that is)"},
    {"[audience a]\ntoken_lifetime = 61m\n",
     "f:2: token_lifetime = 61m: wants a time like 90s or 15m, from 1m to 1h (how long a token is good)"},
    {"[service s]\nunenrolled = ask\n", "f:2: unenrolled = ask: wants one of: deny enrol skip (who has no code yet)"},
    {"[service s]\ngrace = 13h\n",
     "f:2: grace = 13h: wants a time like 90s or 15m, from 0s to 12h (how long after a full proof no code is asked)"},
    {"[service s]\nmax_sessions = 1001\n",
     "f:2: max_sessions = 1001: wants a number, from 0 to 1000 (sessions of one account at once; 0: no bound)"},
    {"[role]\n", "f:1: no such section: wants " SECTIONS},
    {"[role root]\n", "f:1: \"root\" names no role: wants one of superadmin admin moderator user guest"},
    {"[role admin]\n[role user]\n[role admin]\n",
     "f:3: a second [role admin]; the first is in line 1: put both together"},
    {"[role admin]\nroles = user\n", "f:2: no key \"roles\" in [role]: it has factors unenrolled max_sessions grace"},
    {"[role admin]\nunenrolled = skip\n",
     "f:2: unenrolled = skip: wants one of: deny enrol (who of them has no code yet)"},
    {"[role admin]\nmax_sessions = 0\n",
     "f:2: max_sessions = 0: wants a number, from 1 to 1000 (sessions of one of them at once)"},
    {"[service s]\nroles = root\n",
     "f:2: roles = root: wants some of, each once: superadmin admin moderator user guest (who may use it)"},
    {"[service s]\nsessions = true\n", "f:2: sessions = true: wants one of: no yes (does a login begin a session)"},
    {"[authcd]\r\n", "f:1: control character 0x0d: wants tabs and plain ends of lines only"},
    {"# \x7f\n", "f:1: control character 0x7f: wants tabs and plain ends of lines only"},
    {"\n# \xff\n", "f:2: not UTF-8: save the file as UTF-8"},
    {"\xef\xbb\xbf[authcd]\n", "f:1: \"\\xef\\xbb\\xbf[authcd]\": wants [section] or key = value"},
};

static void test_mistakes(void)
{
    static struct config untouched;
    memset(&untouched, 0xA5, sizeof untouched);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        memset(&config, 0xA5, sizeof config);
        is_int(parse(mistakes[i].text), -EINVAL, "mistake %zu is refused", i);
        is_str(error, mistakes[i].want, "mistake %zu is explained", i);
        ok(memcmp(&config, &untouched, sizeof config) == 0, "mistake %zu changes nothing", i);
    }
}

static void test_sizes(void)
{
    static char text[CONFIG_FILE_MAX + 2];
    memset(text, '\n', sizeof text);
    is_int(config_parse(text, CONFIG_FILE_MAX, "f", &config, error), 0, "64 KiB are read");
    is_int(config_parse(text, CONFIG_FILE_MAX + 1, "f", &config, error), -EINVAL, "a byte more is refused");
    is_str(error, "f:1: 65537 bytes: wants at most 65536", "and told");
    memset(text, '#', CONFIG_FILE_MAX);
    is_int(config_parse(text, CONFIG_FILE_MAX, "f", &config, error), 0, "a comment may be long");
    memset(text, 'a', CONFIG_FILE_MAX);
    is_int(config_parse(text, CONFIG_FILE_MAX, "f", &config, error), -EINVAL, "another line may not");
    is_str(error, "f:1: longer than 1023 bytes", "and is told so");
    is_int(config_parse(text, 1024, "f", &config, error), -EINVAL, "nor one of 1024");
    is_str(error, "f:1: longer than 1023 bytes", "for that reason");
    is_int(config_parse(text, 1023, "f", &config, error), -EINVAL, "one of 1023");
    ok(strstr(error, "wants [section] or key = value") != NULL, "is read");
    is_int(config_parse("[authcd]\nuser = a\0b\n", 20, "f", &config, error), -EINVAL, "NUL is refused");
    is_str(error, "f:2: a NUL byte: wants text", "and told");
    is_int(config_parse("", 0, "f", &config, error), 0, "nothing is a file, too");
    char path[300] = "[authcd]\nrun_dir = /";
    size_t len = strlen(path);
    memset(path + len, 'r', 94);
    is_int(parse(path), 0, "run_dir of 95 bytes leaves room for the sockets' names");
    path[len + 94] = 'r';
    is_int(parse(path), -EINVAL, "one of 96 does not");
}

/* n sections [KIND x1] ... [KIND xn]. */
static int parse_many(const char *kind, int n)
{
    static char text[8192];
    size_t used = 0;
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "[%s x%d]\n", kind, i);
    return parse(text);
}

static void test_lists(void)
{
    is_int(parse_many("service", CONFIG_SERVICES_MAX - 1), 0, "* and 63 services");
    is_int((int)config.n_services, CONFIG_SERVICES_MAX, "are 64");
    is_int(parse_many("service", CONFIG_SERVICES_MAX), -EINVAL, "one more is refused");
    is_str(error, "f:64: more than 64 services", "and told");
    is_int(parse_many("audience", CONFIG_AUDIENCES_MAX), 0, "32 audiences");
    is_int(parse_many("audience", CONFIG_AUDIENCES_MAX + 1), -EINVAL, "one more is refused");
    is_str(error, "f:33: more than 32 audiences", "and told");
}

/* key = n words that differ in a number. */
static int parse_list(const char *key, int n, const char *before, const char *after)
{
    static char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text, "[authcd]\n%s=", key);
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s%d%s", before, i, after);
    return parse(text);
}

static void test_long_lists(void)
{
    is_int(parse_list("proxies", 32, "10.", ".0.0/16"), 0, "32 proxies");
    is_int((int)config.authcd.proxies.n, 32, "are 32");
    is_int(parse_list("proxies", 33, "10.", ".0.0/16"), -EINVAL, "one more is refused");
    is_int(parse_list("console_services", 32, "s", ""), 0, "32 programs");
    is_int(parse_list("console_services", 33, "s", ""), -EINVAL, "one more is refused");
    is_int(parse_list("consoles", 32, "tty", "*"), 0, "32 patterns");
    is_int(parse_list("consoles", 33, "tty", "*"), -EINVAL, "one more is refused");
    static const char fifty[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee";
    is_int(parse_list("console_services", 18, fifty, ""), 0, "18 long names");
    ok(strlen(value("authcd", "console_services")) < CONFIG_VALUE_SIZE, "can be shown");
    is_int(parse_list("console_services", 19, fifty, ""), -EINVAL, "what could not be shown is refused");
    char name[] = "[authcd]\nconsole_services = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    is_int(parse(name), -EINVAL, "a name of 65 bytes is none");
    name[strlen(name) - 1] = '\0';
    is_int(parse(name), 0, "one of 64 is");
}

static void test_long_error(void)
{
    static char text[1024], name[2 * CONFIG_ERROR_SIZE];
    memset(name, 'n', sizeof name - 1);
    memset(text, 'k', sizeof text - 1);
    is_int(config_parse(text, strlen(text), name, &config, error), -EINVAL, "a long name and a long line");
    ok(strlen(error) < CONFIG_ERROR_SIZE, "fit");
    is_int(parse("[authcd]\nuser = a%sb\xc2\x9b\n"), -EINVAL, "what the file says");
    ok(strstr(error, "a%sb\\x") != NULL, "is shown, not obeyed: %s", error);
}

/* What `config show` prints is a file that means the same. */
static void test_round_trip(void)
{
    static char text[CONFIG_FILE_MAX];
    char section[80] = "";
    size_t used = 0, n = 0, changed = 0;
    struct config_setting a, b;
    is_int(
        parse(
            "[authcd]\ndeny_time = 1500ms\nissuer = https://a/b\nproxies = \t2001:DB8:0::/32  10.0.0.0/8\nconsoles =\n"
            "limits = stig\n[service *]\nunenrolled = deny\n"
            "[service sshd]\nroles = admin guest\n[role guest]\ngrace = 90s\nfactors = otp\n[role user]\n"
            "[audience a]\ntoken_lifetime = 90s\n[audience b]\nacr = aal1\n"),
        0, "a config");
    for (; config_setting(&config, n, &a); n++) {
        changed += a.changed;
        if (strcmp(section, a.section) != 0)
            used += (size_t)snprintf(text + used, sizeof text - used, "[%s]\n", a.section);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s = %s\n", a.key, a.value);
        memcpy(section, a.section, sizeof section);
    }
    is_int((int)n, 13 + 2 * 9 + 2 + 2 * 4, "every key of every section is walked, of roles those that are set");
    is_int((int)changed, 11, "eleven were changed");
    other = config;
    is_int(parse(text), 0, "what was printed reads");
    for (size_t i = 0; i < n; i++) {
        ok(config_setting(&other, i, &a) && config_setting(&config, i, &b), "setting %zu", i);
        is_str(b.section, a.section, "setting %zu: section", i);
        is_str(b.key, a.key, "setting %zu: key", i);
        is_str(b.value, a.value, "setting %zu: %s = %s", i, a.key, a.value);
        ok(b.changed, "setting %zu: given now", i);
    }
    ok(!config_setting(&config, n, &a), "no more behind the end");
    ok(!config_setting(&config, SIZE_MAX, &a), "nor far behind it");
    is_str(value("service sshd", "sessions"), "yes", "a service is shown with what holds for it");
    is_str(value("service sshd", "unenrolled"), "deny", "from wherever");
    is_str(value("authcd", "proxies"), "2001:db8::/32 10.0.0.0/8", "networks are shown in their usual form");
    is_str(value("authcd", "consoles"), "", "an empty list is shown as such");
}

static void test_roles(void)
{
    ok(config_role_exists("superadmin") && config_role_exists("admin") && config_role_exists("moderator") &&
           config_role_exists("user") && config_role_exists("guest"),
       "the five roles");
    ok(!config_role_exists("") && !config_role_exists("root") && !config_role_exists("admin moderator") &&
           !config_role_exists("adm") && !config_role_exists(" admin"),
       "and no other");
}

int main(void)
{
    test_defaults();
    test_default_fields();
    test_full();
    test_resolution();
    test_places();
    test_role_sections();
    test_mistakes();
    test_sizes();
    test_lists();
    test_long_lists();
    test_long_error();
    test_round_trip();
    test_roles();
    return tap_done();
}
