/* SPDX-License-Identifier: MIT
 *
 * The built-in rows. They say nothing of factors, unenrolled and grace: those would go before [service *], and whoever
 * asks for more there must get it everywhere. Where no code can be enrolled, nobody is there who could be shown a
 * secret, or it need not be the account's owner who is.
 */
#include "config_builtin.h"

#include <stddef.h>
#include <string.h>

#include "config_value.h"

/* A person's own screen is locked over a session that they were let into, whatever their role: unlocking it lets
 * nobody in anew. */
static const struct config_builtin rows[] = {
    {.names = "sshd login", .sessions = true},
    {.names = "cosmic-greeter gdm gdm-* greetd lightdm lightdm-* lxdm ly plasmalogin sddm sddm-* slim wdm xdm",
     .sessions = true,
     .no_enrol = "a display manager has one line for a question"},
    {.names = "self",
     .roles = CONFIG_VALUE_ROLES,
     .no_enrol = "whoever asks there is not root, and is shown no secret"},
    {.names = "cinnamon-screensaver gtklock hyprlock i3lock kde kscreenlocker light-locker mate-screensaver physlock "
              "swaylock vlock waylock xfce4-screensaver xlock xscreensaver xsecurelock xtrlock",
     .roles = CONFIG_VALUE_ROLES,
     .no_enrol = "a screen locker has one line for a question"},
    {.names = "doas polkit-1 runuser runuser-l su su-l sudo sudo-i",
     .no_enrol = "whatever runs in the session and knows the password could make the second factor its own"},
    {.names = "atd cron crond", .no_enrol = "nobody is there to be asked"},
    {.names = "systemd-user", .roles = CONFIG_VALUE_ROLES, .no_enrol = "nobody is there to be asked"},
    {.names = "chage chfn chpasswd chsh groupadd groupdel groupmod newusers passwd useradd userdel usermod",
     .no_enrol = "it changes an account, and begins no work"},
};

static bool fits(const char *pattern, size_t len, const char *name)
{
    if (pattern[len - 1] == '*')
        return strncmp(pattern, name, len - 1) == 0;
    return strlen(name) == len && memcmp(pattern, name, len) == 0;
}

static bool names_fit(const char *names, const char *name)
{
    for (size_t len; (len = strcspn(names, " ")) > 0; names += len + strspn(names + len, " "))
        if (fits(names, len, name))
            return true;
    return false;
}

const struct config_builtin *config_builtin(const char *service)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (names_fit(rows[i].names, service))
            return &rows[i];
    return NULL;
}
