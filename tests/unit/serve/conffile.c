/* SPDX-License-Identifier: MIT
 *
 * authcd.conf is read only where nobody but root or the caller could have written it, and what is wrong is told with
 * file and line (C1, C2).
 */
#include "conffile.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

static char dir[] = "/tmp/authc-conffile-XXXXXX", path[64];
static struct config *config;
static char error[CONFIG_ERROR_SIZE];

static void write_file(const char *text, size_t len, mode_t mode)
{
    unlink(path);
    FILE *f = fopen(path, "we");
    if (!f || fwrite(text, 1, len, f) != len || fclose(f) != 0 || chmod(path, mode) < 0)
        abort();
}

static int load(void)
{
    error[0] = '\0';
    return conffile_load(path, config, error);
}

static void good(void)
{
    static const char text[] = "[authcd]\nissuer = https://a.example.org\ndeny_time = 200ms\n";
    char host[256] = "", issuer[300];

    write_file(text, strlen(text), 0644);
    is_int(load(), 0, "a good file");
    is_str(config->authcd.issuer, "https://a.example.org", "its issuer holds");
    is_int(config->authcd.deny_time_ms, 200, "its values hold");
    write_file("", 0, 0600);
    is_int(load(), 0, "an empty file means all defaults");
    gethostname(host, sizeof host - 1);
    snprintf(issuer, sizeof issuer, "https://%s", host);
    is_str(config->authcd.issuer, issuer, "an empty issuer is the host");
}

static void untrusted(void)
{
    static const char text[] = "[authcd]\n";
    char target[80];

    write_file(text, strlen(text), 0664);
    is_int(load(), -EPERM, "writable by the group");
    ok(strstr(error, "chmod go-w") != NULL, "says what to do: %s", error);
    write_file(text, strlen(text), 0646);
    is_int(load(), -EPERM, "writable by others");
    if (geteuid() == 0) {
        write_file(text, strlen(text), 0644);
        ok(chown(path, 65534, 0) == 0, "belongs to another");
        is_int(load(), -EPERM, "so it is not read");
    }
    snprintf(target, sizeof target, "%s.target", path);
    write_file(text, strlen(text), 0644);
    ok(rename(path, target) == 0 && symlink(target, path) == 0, "a symbolic link");
    is_int(load(), -ELOOP, "is not followed");
    unlink(target);
    unlink(path);
    ok(mkfifo(path, 0600) == 0, "a FIFO");
    is_int(load(), -EPERM, "is no file, and does not hang");
    unlink(path);
    ok(mkdir(path, 0700) == 0, "a directory");
    is_int(load(), -EPERM, "is no file");
    rmdir(path);
}

static void wrong(void)
{
    static char large[CONFIG_FILE_MAX + 2];

    is_int(load(), -ENOENT, "a file that was named must be there");
    memset(large, '\n', sizeof large);
    write_file(large, CONFIG_FILE_MAX + 1, 0644);
    is_int(load(), -EFBIG, "64 KiB and a byte");
    write_file("[authcd]\n\nnonsense = 1\n", 23, 0644);
    config->authcd.password_min = 77;
    is_int(load(), -EINVAL, "an unknown key");
    char want[80];
    snprintf(want, sizeof want, "%s:3: ", path);
    ok(strncmp(error, want, strlen(want)) == 0, "file and line are told: %s", error);
    is_int(config->authcd.password_min, 77, "what was there before is untouched");
}

int main(void)
{
    config = calloc(1, sizeof *config);
    if (!config || !mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/authcd.conf", dir);
    good();
    untrusted();
    wrong();
    unlink(path);
    rmdir(dir);
    free(config);
    return tap_done();
}
