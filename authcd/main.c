/* SPDX-License-Identifier: MIT
 *
 * authcd's start-up: options and environment, the configuration, the sockets while there are still rights to make them,
 * and then no rights at all. What is served is serve/'s. This is the only file of the daemon that looks at its
 * environment.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conffile.h"
#include "log.h"
#include "privilege.h"
#include "serve.h"

enum { EXIT_USAGE = 2 };
#define KEY_FILE "authc.key"

struct options {
    const char *config; /* NULL: the default file */
    bool check;
};

static void usage(FILE *out)
{
    fputs("usage: authcd [--config FILE] [--check]\n"
          "       authcd --help | --version\n"
          "\n"
          "  --config FILE  read FILE instead of " CONFFILE_DEFAULT "\n"
          "  --check        check the configuration and the state directory, and exit\n"
          "\n"
          "Runs in the foreground until SIGTERM. See authcd(8) and authcd.conf(5).\n",
          out);
}

static bool usage_error(int *ret_exit)
{
    usage(stderr);
    *ret_exit = EXIT_USAGE;
    return false;
}

/* False: all is said, and *ret_exit is the answer. */
static bool parse_options(int argc, char **argv, struct options *ret, int *ret_exit)
{
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (option) {
        case 'c':
            ret->config = optarg;
            break;
        case 'k':
            ret->check = true;
            break;
        case 'h':
            usage(stdout);
            return false;
        case 'v':
            puts("authcd " AUTHC_VERSION);
            return false;
        default:
            return usage_error(ret_exit);
        }
    }
    return optind == argc || usage_error(ret_exit);
}

/* A descriptor 0, 1 or 2 that is free would become a socket or the database, and the next message would go there. */
static int open_standard(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0)
        return -errno;
    close(fd);
    return 0;
}

/* systemd's place for the key, if the unit put one there. */
static const char *credential_key(char *path, size_t cap)
{
    const char *directory = secure_getenv("CREDENTIALS_DIRECTORY");
    struct stat st;

    if (!directory || (size_t)snprintf(path, cap, "%s/%s", directory, KEY_FILE) >= cap || stat(path, &st) < 0)
        return NULL;
    return path;
}

/* -ENOENT: not made yet. Somebody who is not root may ask about the host's authcd, or about their own. */
static int check_state_dir(const struct config_authcd *config, char error[PRIVILEGE_ERROR_SIZE])
{
    struct privilege who = {0};
    int failed = privilege_find(config->user, &who, error);

    if (failed < 0)
        return -EPERM;
    failed = privilege_check_state_dir(&who, config->state_dir, error);
    if (failed == -EPERM && geteuid() != 0 && privilege_user(config->user, &who, error) == 0)
        failed = privilege_check_state_dir(&who, config->state_dir, error);
    return failed;
}

static int check(const struct options *options, struct config *config)
{
    char error[CONFIG_ERROR_SIZE] = "";
    const char *name = options->config ? options->config : CONFFILE_DEFAULT;

    if (conffile_load(options->config, config, error) < 0) {
        fprintf(stderr, "%s\n", error); /* starts with the file's name, and the line's number */
        return EXIT_FAILURE;
    }
    int failed = check_state_dir(&config->authcd, error);
    if (failed < 0 && failed != -ENOENT) {
        fprintf(stderr, "%s: %s\n", name, error);
        return EXIT_FAILURE;
    }
    printf("%s: %s%s\n", name, access(name, F_OK) == 0 ? "good" : "not there, all defaults hold",
           failed == -ENOENT ? "; the state directory will be made at the first start" : "");
    return EXIT_SUCCESS;
}

/* What only its own authcd needs made. With sockets that were handed over, the database says what is missing, and so do
 * they. */
static int make_places(const struct config_authcd *config, const struct privilege *who, struct sockets *sockets,
                       char error[PRIVILEGE_ERROR_SIZE])
{
    int failed = privilege_state_dir(who, config->state_dir, error);

    if (sockets->handed)
        return 0;
    if (failed < 0 || (failed = sockets_make(sockets, config->run_dir, error)) < 0)
        return failed;
    (void)!privilege_refuge_dir(who, config->run_dir, error); /* serving goes on without, and says so */
    return 0;
}

/* What takes rights, and then their end. */
static int prepare(struct serve *s, const struct config *config, struct sockets *sockets)
{
    char error[PRIVILEGE_ERROR_SIZE] = "";
    struct privilege who = {0};

    if (privilege_find(config->authcd.user, &who, error) < 0 ||
        (!s->broken && make_places(&config->authcd, &who, sockets, error) < 0) || privilege_drop(&who, error) < 0) {
        log_error("%s", error);
        return -EPERM;
    }
    int failed = privilege_harden(&s->memory_locked);
    if (failed < 0)
        log_error("cannot give up what must be given up: %s", strerror(-failed));
    return failed;
}

static int start(const struct options *options, struct config *config)
{
    char error[CONFIG_ERROR_SIZE] = "", key[4096];
    struct sockets sockets = SOCKETS_NONE;
    struct serve s = {.config = config, .sockets = &sockets, .key_file = credential_key(key, sizeof key)};

    int failed = sockets_take(&sockets, error);
    if (failed == 0 && conffile_load(options->config, config, error) < 0) {
        if (sockets.handed)
            s.broken = error; /* whoever connects to what was handed over must hear that we cannot serve */
        else
            failed = -EINVAL;
        config_defaults(config);
    }
    if (failed < 0) {
        log_error("%s", error);
        return EXIT_FAILURE;
    }
    int code = prepare(&s, config, &sockets) < 0 ? EXIT_FAILURE : serve_run(&s);
    sockets_close(&sockets);
    return code;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    int code = EXIT_SUCCESS;

    if (argc < 1 || open_standard() < 0)
        return EXIT_USAGE;
    umask(077);
    log_to_journal(secure_getenv("JOURNAL_STREAM") && !isatty(STDERR_FILENO));
    if (!parse_options(argc, argv, &options, &code))
        return code;
    code = EXIT_FAILURE;
    struct config *config = calloc(1, sizeof *config); /* too large for a stack */
    if (!config || sodium_init() < 0)
        log_error("out of memory, or no randomness");
    else
        code = options.check ? check(&options, config) : start(&options, config);
    free(config);
    return code;
}
