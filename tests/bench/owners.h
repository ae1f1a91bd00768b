/* SPDX-License-Identifier: MIT
 *
 * Names and uids for a benchmark's accounts that the host knows too: those of /etc/passwd. Nothing is done to the
 * host's accounts, nobody of that name logs in: NSS is asked for them as it is at a login, that is all.
 */
#ifndef OWNERS_H
#define OWNERS_H

#include <pwd.h>
#include <stdbool.h>

#include "bench.h"
#include "text.h"

enum { OWNERS_MAX = 150 };

static struct owner {
    char name[257];
    uid_t uid;
} owners[OWNERS_MAX];
static unsigned n_owners;

/* Two names with one uid would be one too many. */
static bool owners_is_new(const struct passwd *p)
{
    for (unsigned i = 0; i < n_owners; i++)
        if (owners[i].uid == p->pw_uid || strcmp(owners[i].name, p->pw_name) == 0)
            return false;
    return text_is_account_name(p->pw_name);
}

__attribute__((unused)) static void owners_find(void)
{
    FILE *passwd = fopen("/etc/passwd", "re");
    const struct passwd *p;

    bench_must_sys(passwd ? 0 : -1, "/etc/passwd");
    while (n_owners < OWNERS_MAX && (p = fgetpwent(passwd)))
        if (owners_is_new(p)) {
            owners[n_owners].uid = p->pw_uid;
            strcpy(owners[n_owners++].name, p->pw_name);
        }
    fclose(passwd);
    bench_must(n_owners > 1 ? 0 : -ENOENT, "two names in /etc/passwd");
}

#endif
