/* SPDX-License-Identifier: MIT
 *
 * See publish.h. A reader sees the old file or the new one, whole: temporary file, fsync, rename. The texts come from
 * handlers/signing and rules/jws; nothing here knows what is in them.
 */
#include "publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys.h"
#include "signing.h"
#include "text.h"

#define TEMPORARY ".new"
#define PEM ".pem"

enum { PUBLISHED_MAX = 64 };

struct published {
    size_t n;
    char kids[PUBLISHED_MAX][JWS_KID_SIZE];
};

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

static bool same(int dir, const char *name, const char *text)
{
    char buffer[4096];
    size_t at = 0, len = strlen(text);
    ssize_t n = 0;
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return false;
    while ((n = read(fd, buffer, sizeof buffer)) > 0 && (size_t)n <= len - at &&
           memcmp(buffer, text + at, (size_t)n) == 0)
        at += (size_t)n;
    close(fd);
    return n == 0 && at == len;
}

static int replace(int dir, const char *name, const char *text)
{
    if (same(dir, name, text))
        return 0;
    unlinkat(dir, TEMPORARY, 0); /* left by one that was killed */
    int fd = openat(dir, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    bool written = write_all(fd, text, strlen(text)) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    int error = written ? 0 : -(errno ? errno : EIO);
    close(fd);
    if (error == 0 && (renameat(dir, TEMPORARY, dir, name) < 0 || fsync(dir) < 0))
        error = -errno;
    if (error < 0)
        unlinkat(dir, TEMPORARY, 0);
    return error;
}

static int open_dir(int at, const char *name)
{
    bool made = mkdirat(at, name, 0755) == 0;

    if (!made && errno != EEXIST)
        return -errno;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    if (made && fchmod(fd, 0755) < 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

static int write_documents(int dir, struct db *db, const struct config_authcd *config)
{
    char *jwks = NULL, *discovery = NULL;
    int well_known = open_dir(dir, ".well-known");
    int error = well_known < 0 ? well_known : signing_jwks(db, &jwks);

    if (error == 0 && (error = signing_discovery(config->issuer, &discovery)) == 0 &&
        (error = replace(dir, "jwks.json", jwks)) == 0)
        error = replace(well_known, "openid-configuration", discovery);
    if (well_known >= 0)
        close(well_known);
    free(jwks);
    free(discovery);
    return error;
}

static int write_pem(int dir, const struct jws_key *key)
{
    char name[JWS_KID_SIZE + sizeof PEM], text[JWS_PEM_SIZE];
    int error = text_format(name, sizeof name, "%s" PEM, jws_key_kid(key));

    if (error < 0 || (error = jws_key_pem(key, text)) < 0)
        return error;
    return replace(dir, name, text);
}

static int write_pems(int dir, struct db *db, struct published *published)
{
    int64_t after = 0;

    for (;;) {
        JWS_KEY_AUTO struct jws_key *key = NULL;
        struct key row = {0};
        int error = keys_next(db, after, &row, &key);
        if (error == -ENOENT)
            return 0;
        if (error < 0 || (error = write_pem(dir, key)) < 0)
            return error;
        after = row.id;
        if (published->n == PUBLISHED_MAX)
            return -E2BIG;
        memcpy(published->kids[published->n++], row.kid, sizeof row.kid);
    }
}

static bool is_published(const struct published *published, const char *name)
{
    size_t len = strlen(name) - strlen(PEM);

    for (size_t i = 0; i < published->n; i++)
        if (strlen(published->kids[i]) == len && strncmp(published->kids[i], name, len) == 0)
            return true;
    return false;
}

static int remove_old_pems(int dir, const struct published *published)
{
    int copy = fcntl(dir, F_DUPFD_CLOEXEC, 0);
    DIR *list = copy < 0 ? NULL : fdopendir(copy);
    const struct dirent *entry;

    if (!list) {
        if (copy >= 0)
            close(copy);
        return -ENOMEM;
    }
    rewinddir(list);
    while ((entry = readdir(list))) {
        size_t len = strlen(entry->d_name);
        if (len > strlen(PEM) && strcmp(entry->d_name + len - strlen(PEM), PEM) == 0 &&
            !is_published(published, entry->d_name))
            unlinkat(dir, entry->d_name, 0);
    }
    closedir(list);
    return 0;
}

static int write_files(int dir, struct db *db, const struct config_authcd *config)
{
    DB_TRANSACTION struct db_transaction t = {0};
    struct published published = {0};
    int error = db_transaction(db, &t);

    if (error < 0 || (error = write_documents(dir, db, config)) < 0 || (error = write_pems(dir, db, &published)) < 0 ||
        (error = remove_old_pems(dir, &published)) < 0)
        return error;
    return db_transaction_commit(&t);
}

int publish_run(struct db *db, const struct config_authcd *config)
{
    int state = open(config->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int dir = state < 0 ? -errno : open_dir(state, "public");

    if (state >= 0)
        close(state);
    if (dir < 0)
        return dir;
    int error = write_files(dir, db, config);
    close(dir);
    return error;
}
