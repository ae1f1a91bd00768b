/* SPDX-License-Identifier: MIT
 *
 * The published files equal the key states (T6): written whole, only when they changed, and what is no longer true
 * goes.
 */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signing.h"
#include "tap.h"

static char dir[] = "/tmp/authc-publish-XXXXXX";

static const char *in_public(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/public/%s", dir, name);
    return path;
}

static struct stat look(const char *name)
{
    struct stat st = {0};

    if (stat(in_public(name), &st) < 0)
        st.st_ino = 0;
    return st;
}

static bool holds(const char *name, const char *text)
{
    char content[8192] = "";
    FILE *f = fopen(in_public(name), "re");
    size_t n = f ? fread(content, 1, sizeof content - 1, f) : 0;

    if (f)
        fclose(f);
    content[n] = '\0';
    return strstr(content, text) != NULL;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_public(name), "we");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static unsigned pems(void)
{
    char command[128];
    int n = 0;

    snprintf(command, sizeof command, "ls %s/public/*.pem | wc -l", dir);
    FILE *p = popen(command, "re");
    if (!p || fscanf(p, "%d", &n) != 1)
        n = -1;
    if (p)
        pclose(p);
    return (unsigned)n;
}

int main(void)
{
    static const struct clock now = {1800000000, 1000, "00000000-0000-0000-0000-000000000000"};
    struct config *config = calloc(1, sizeof *config);
    char reason[DB_REASON_SIZE] = "", command[64], real[300];
    struct db *db = NULL;

    if (!config || sodium_init() < 0 || !mkdtemp(dir))
        return 1;
    umask(077);
    config_defaults(config);
    snprintf(config->authcd.state_dir, sizeof config->authcd.state_dir, "%s", dir);
    snprintf(config->authcd.issuer, sizeof config->authcd.issuer, "https://host.example.org");
    is_int(db_open(dir, NULL, &db, reason), 0, "a database (%s)", reason);
    is_int(db_begin(db) | signing_ensure(db, &now) | db_commit(db), 0, "keys");

    is_int(publish_run(db, &config->authcd), 0, "published");
    is_int(look("").st_mode & 0777, 0755, "the directory is everybody's to read, whatever the umask");
    is_int(look("jwks.json").st_mode & 0777, 0644, "and the files");
    ok(holds("jwks.json", "\"kid\""), "the key set");
    ok(holds(".well-known/openid-configuration", "https://host.example.org"), "the discovery document");
    is_int(pems(), 2, "a PEM for each key, the next one too");

    struct stat before = look("jwks.json");
    is_int(publish_run(db, &config->authcd), 0, "again");
    is_int(look("jwks.json").st_ino, before.st_ino, "what did not change is not written");
    put("jwks.json", "{\"keys\":[]}");
    put("gone.pem", "an old key");
    put(".new", "left by one that was killed");
    unlink(in_public(".well-known/openid-configuration"));
    is_int(publish_run(db, &config->authcd), 0, "after somebody meddled");
    ok(holds("jwks.json", "\"kid\""), "the key set is back");
    ok(look(".well-known/openid-configuration").st_ino != 0, "what was lost too");
    is_int(pems(), 2, "a PEM that is no key's is gone");
    is_int(look(".new").st_ino, 0, "nothing half-written is left");

    snprintf(real, sizeof real, "%s/elsewhere", dir);
    ok(rename(in_public(""), real) == 0, "public becomes a symbolic link");
    char link[256];
    snprintf(link, sizeof link, "%s/public", dir);
    ok(symlink(real, link) == 0, "to somewhere else");
    ok(publish_run(db, &config->authcd) < 0, "which is not followed");

    db_close(db);
    free(config);
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) != 0 || tap_done();
}
