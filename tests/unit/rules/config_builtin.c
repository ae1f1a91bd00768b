/* SPDX-License-Identifier: MIT
 *
 * What is built in for which service: where sessions begin, where nobody can enrol and why, that a name is met as a
 * whole and never by its beginning unless the row says so, and that no row asks for less than [service *] could (O7).
 */
#include "config_builtin.h"

#include "config.h"
#include "config_value.h"
#include "tap.h"

static bool sessions(const char *name)
{
    const struct config_builtin *b = config_builtin(name);
    return b && b->sessions;
}

static bool enrols(const char *name)
{
    const struct config_builtin *b = config_builtin(name);
    return !b || !b->no_enrol;
}

static void test_names(void)
{
    ok(sessions("sshd") && sessions("login"), "sshd and login begin sessions");
    ok(sessions("gdm") && sessions("gdm-password") && sessions("gdm-anything") && sessions("lightdm") &&
           sessions("sddm") && sessions("greetd"),
       "display managers do");
    char console[] = CONFIG_VALUE_CONSOLE_SERVICES;
    for (char *rest = console, *name; (name = strsep(&rest, " "));)
        ok(sessions(name), "%s, which speaks at the console, does", name);
    ok(!sessions("sudo") && !sessions("su-l") && !sessions("cron") && !sessions("self") && !sessions("systemd-user"),
       "what goes on within one does not");
    ok(!config_builtin("vsftpd") && !config_builtin("*") && !config_builtin(""), "of others nothing is built in");
    ok(!config_builtin("sshd2") && !config_builtin("ssh") && !config_builtin("gdmx") && !config_builtin("sudo-") &&
           !config_builtin("sudo sudo-i") && !config_builtin("sshd login"),
       "a name is met as a whole");
}

static void test_enrol(void)
{
    static const char *const nobody[] = {"gdm-password", "self",         "i3lock", "kde",     "xscreensaver", "vlock",
                                         "sudo",         "sudo-i",       "su",     "su-l",    "polkit-1",     "cron",
                                         "atd",          "systemd-user", "passwd", "chpasswd"};
    ok(enrols("sshd") && enrols("login") && enrols("remote") && enrols("other"), "people can enrol where they begin");
    for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++)
        ok(!enrols(nobody[i]) && strlen(config_builtin(nobody[i])->no_enrol) > 10, "nobody at %s, and it says why",
           nobody[i]);
}

/* A built-in value goes before [service *]: it must never be a weaker one than somebody wrote there for everything. */
static void test_none_weakens(void)
{
    static const char *const all[] = {"sshd", "login", "gdm", "self", "kde", "sudo", "cron", "systemd-user", "passwd"};
    static struct config c;
    char error[CONFIG_ERROR_SIZE];
    static const char text[] = "[service *]\nfactors = otp password\nunenrolled = deny\nunknown = ignore\n"
                               "max_sessions = 3\ngrace = 5m\n";
    is_int(config_parse(text, strlen(text), "f", &c, error), 0, "a strict [service *]");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct config_service s;
        config_service(&c, all[i], &s);
        ok(s.factors.kinds[0] == CONFIG_FACTOR_OTP && s.unenrolled == CONFIG_UNENROLLED_DENY &&
               s.unknown == CONFIG_UNKNOWN_IGNORE && s.max_sessions == 3 && s.grace_s == 300,
           "%s: its values hold", all[i]);
        ok((s.builtin & ~(CONFIG_BIT(CONFIG_SERVICE_sessions) | CONFIG_BIT(CONFIG_SERVICE_roles))) == 0,
           "%s: nothing but sessions and roles is built in", all[i]);
    }
}

static void test_roles(void)
{
    static struct config c;
    struct config_service s;
    config_defaults(&c);
    config_service(&c, "swaylock", &s);
    ok(config_roles_have(&s.roles, "guest"), "whoever was let in may unlock their screen");
    config_service(&c, "self", &s);
    ok(config_roles_have(&s.roles, "guest"), "also as [service self]");
    config_service(&c, "sudo", &s);
    ok(!config_roles_have(&s.roles, "guest"), "elsewhere a guest may not");
}

int main(void)
{
    test_names();
    test_enrol();
    test_none_weakens();
    test_roles();
    return tap_done();
}
