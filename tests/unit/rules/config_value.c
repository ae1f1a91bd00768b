/* SPDX-License-Identifier: MIT
 *
 * Each type of value in authcd.conf: what is one and what is nearly one (C1).
 */
#include "config.h"

#include <errno.h>

#include "tap.h"

static struct config config;
static char error[CONFIG_ERROR_SIZE];

static int parse(const char *text)
{
    return config_parse(text, strlen(text), "f", &config, error);
}

/* Values of one key, good or bad: "key = value". */
static const struct {
    const char *line;
    int good;
} values[] = {
    {"[authcd]\nissuer =", 1},
    {"[authcd]\nissuer = https://h", 1},
    {"[authcd]\nissuer = https://h/", 1},
    {"[authcd]\nissuer = https://[2001:db8::1]:443/a/b", 1},
    {"[authcd]\nissuer = http://h", 0},
    {"[authcd]\nissuer = HTTPS://h", 0},
    {"[authcd]\nissuer = https://", 0},
    {"[authcd]\nissuer = https:///x", 0},
    {"[authcd]\nissuer = https://h?x", 0},
    {"[authcd]\nissuer = https://h/?x", 0},
    {"[authcd]\nissuer = https://h#x", 0},
    {"[authcd]\nissuer = https://u@h", 0},
    {"[authcd]\nissuer = https://h:0", 0},
    {"[authcd]\nissuer = https://h:", 0},
    {"[authcd]\nissuer = https://h:65536", 0},
    {"[authcd]\nissuer = https://h:443443", 0},
    {"[authcd]\nissuer = https://h x", 0},
    {"[authcd]\nissuer = https://[]", 0},
    {"[authcd]\nissuer = https://[::1", 0},
    {"[authcd]\nissuer = https://h\"", 0},
    {"[authcd]\nstate_dir = /", 0},
    {"[authcd]\nstate_dir = /a/", 0},
    {"[authcd]\nstate_dir = /a//b", 0},
    {"[authcd]\nstate_dir = /a/../b", 0},
    {"[authcd]\nstate_dir = /a/..", 0},
    {"[authcd]\nstate_dir = /./a", 0},
    {"[authcd]\nstate_dir = /...", 1},
    {"[authcd]\nstate_dir = /with space", 1},
    {"[authcd]\nuser = -x", 0},
    {"[authcd]\nuser = a b", 0},
    {"[authcd]\nlimits = cis", 1},
    {"[authcd]\nlimits = stig", 1},
    {"[authcd]\nlimits = none", 0},
    {"[authcd]\nproxies =", 1},
    {"[authcd]\nproxies = 10.0.0.0/8", 1},
    {"[authcd]\nproxies = 0.0.0.0/0 ::/0", 1},
    {"[authcd]\nproxies = 192.0.2.1/32 2001:DB8:0::1/128", 1},
    {"[authcd]\nproxies = ::1/128", 1},
    {"[authcd]\nproxies = 10.0.0.0/8 10.0.0.0/9", 1},
    {"[authcd]\nproxies = 10.0.0.0/8 10.0.0.0/8", 0},
    {"[authcd]\nproxies = 2001:db8::/32 2001:0db8::/32", 0},
    {"[authcd]\nproxies = 10.0.0.0/8, 192.0.2.0/24", 0},
    {"[authcd]\nproxies = 10.0.0.0", 0},
    {"[authcd]\nproxies = 10.0.0.0/", 0},
    {"[authcd]\nproxies = 10.0.0.0/33", 0},
    {"[authcd]\nproxies = 10.0.0.0/08", 0},
    {"[authcd]\nproxies = 10.0.0.0/-1", 0},
    {"[authcd]\nproxies = 10.0.0.0/8/8", 0},
    {"[authcd]\nproxies = 10.0.0.0/255.0.0.0", 0},
    {"[authcd]\nproxies = 10/8", 0},
    {"[authcd]\nproxies = 010.0.0.0/8", 0},
    {"[authcd]\nproxies = 2001:db8::/129", 0},
    {"[authcd]\nproxies = fe80::%eth0/64", 0},
    {"[authcd]\nproxies = ::ffff:10.0.0.0/104", 0},
    {"[authcd]\nproxies = ::ffff:0:0/96", 0},
    {"[authcd]\nproxies = ::10.0.0.0/128", 0},
    {"[authcd]\nproxies = gateway.example.org", 0},
    {"[authcd]\nproxies = none", 0},
    {"[authcd]\nconsole_services =", 1},
    {"[authcd]\nconsole_services = login", 1},
    {"[authcd]\nconsole_services = login login", 0},
    {"[authcd]\nconsole_services = /bin/login", 0},
    {"[authcd]\nconsole_services = *", 0},
    {"[authcd]\nconsole_services = login, gdm", 0},
    {"[authcd]\nconsoles =", 1},
    {"[authcd]\nconsoles = *", 1},
    {"[authcd]\nconsoles = pts/[0-9] tty? [!a-p]* ttyS[0-9]", 1},
    {"[authcd]\nconsoles = tty[0-9", 0},
    {"[authcd]\nconsoles = tty0-9]", 0},
    {"[authcd]\nconsoles = tty[]", 0},
    {"[authcd]\nconsoles = tty[!]", 0},
    {"[authcd]\nconsoles = tty[^0]", 0},
    {"[authcd]\nconsoles = tty[[:digit:]]", 0},
    {"[authcd]\nconsoles = tty\\*", 0},
    {"[authcd]\nconsoles = tty{1,2}", 0},
    {"[authcd]\nconsoles = /dev/tty1", 0},
    {"[authcd]\nconsoles = dev/tty1", 0},
    {"[authcd]\nconsoles = pts//1", 0},
    {"[authcd]\nconsoles = tty**", 0},
    {"[authcd]\nconsoles = tty1,tty2", 0},
    {"[authcd]\nconsoles = tty1 tty1", 0},
    {"[authcd]\nlimits = nist nist", 0},
    {"[authcd]\nargon2_memory = 2GiB\nhash_memory = 2GiB", 1},
    {"[authcd]\nargon2_memory = 2049MiB\nhash_memory = 4GiB", 0},
    {"[authcd]\nargon2_memory = 64", 0},
    {"[authcd]\nargon2_memory = 64 MiB", 0},
    {"[authcd]\nargon2_memory = 64MB", 0},
    {"[authcd]\nargon2_memory = 064MiB", 0},
    {"[authcd]\nargon2_memory = +64MiB", 0},
    {"[authcd]\nargon2_memory = MiB", 0},
    {"[authcd]\nargon2_memory = 17179869248GiB", 0},
    {"[authcd]\nargon2_memory = 18446744073709551680MiB", 0},
    {"[authcd]\nargon2_memory = 99999999999999999999999999MiB", 0},
    {"[authcd]\nargon2_passes = 16", 1},
    {"[authcd]\nargon2_passes = 17", 0},
    {"[authcd]\nargon2_passes = 3.0", 0},
    {"[authcd]\nargon2_passes = 3x", 0},
    {"[authcd]\npassword_min = 7", 0},
    {"[authcd]\npassword_min = 128", 1},
    {"[authcd]\npassword_min = 129", 0},
    {"[authcd]\ndeny_time = 0ms", 1},
    {"[authcd]\ndeny_time = 0s", 1},
    {"[authcd]\ndeny_time = 30s", 1},
    {"[authcd]\ndeny_time = 30001ms", 0},
    {"[authcd]\ndeny_time = -1s", 0},
    {"[authcd]\ndeny_time = 2", 0},
    {"[authcd]\ndeny_time = 1s500ms", 0},
    {"[authcd]\ndeny_time = 2S", 0},
    {"[audience a]\ntoken_lifetime = 60s", 1},
    {"[audience a]\ntoken_lifetime = 59s", 0},
    {"[audience a]\ntoken_lifetime = 60500ms", 0},
    {"[audience a]\ntoken_lifetime = 61000ms", 1},
    {"[audience a]\ntoken_lifetime = 7d", 0},
    {"[audience a]\nalg = EdDSA", 0},
    {"[audience a]\nalg = none", 0},
    {"[audience a]\nacr = aal3", 0},
    {"[audience a]\nroles =", 0},
    {"[service s]\nfactors =", 0},
    {"[service s]\nfactors = password password", 0},
    {"[service s]\nfactors = password, otp", 0},
    {"[service s]\nfactors = otp", 1},
    {"[service sudo]\nfactors = password", 1},
    {"[service sshd]\nfactors = password", 1},
    {"[service s]\nroles = user user", 0},
    {"[service s]\nroles = guest user moderator admin superadmin", 1},
    {"[service s]\nroles = users", 0},
    {"[service s]\nsessions = Yes", 0},
    {"[service s]\ncombined = yes", 1},
    {"[service s]\nfactors = otp password\ncombined = yes", 1},
    {"[service s]\ngrace = 0s", 1},
    {"[service s]\ngrace = 12h", 1},
    {"[service s]\ngrace = 43201s", 0},
    {"[service s]\ngrace = -1s", 0},
    {"[service s]\ngrace = 900", 0},
    {"[service s]\nsessions = yes\nmax_sessions = 1", 1},
    {"[service *]\nmax_sessions = 10", 1},
    {"[service sshd]\nkey_replaces = password", 1},
    {"[service sshd]\nkey_replaces = password otp", 0},
    {"[service sshd]\nkey_replaces = nothing", 1},
    {"[service sudo]\nkey_replaces = nothing", 1},
    {"[service sshd]\nunenrolled = enrol", 1},
    {"[service *]\nunenrolled = enrol", 1},
    {"[service *]\nunenrolled = enrol\n[service sudo]\nfactors = otp", 1},
    {"[service *]\nunenrolled = enrol\n[service sudo]\ncombined = yes", 1},
    {"[service *]\nunenrolled = enrol\n[service vpn]\nfactors = password", 1},
    {"[role admin]\nfactors = otp", 1},
    {"[role admin]\nfactors = otp otp", 0},
    {"[role guest]\nunenrolled = deny\ngrace = 0s\nmax_sessions = 1000", 1},
    {"[role Admin]\ngrace = 0s", 0},
    {"[role *]\ngrace = 0s", 0},
    {"[role admin user]\ngrace = 0s", 0},
};

static void test_values(void)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const char *line = strchr(values[i].line, '\n') + 1;
        is_int(parse(values[i].line), values[i].good ? 0 : -EINVAL, "%.*s", (int)strcspn(line, "\n"), line);
    }
}

int main(void)
{
    test_values();
    return tap_done();
}
