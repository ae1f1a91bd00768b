/* SPDX-License-Identifier: MIT
 *
 * Runs a fuzz target over every file of a directory: the corpus as a regression test, without libFuzzer. No directory
 * and no files are errors, so that a renamed corpus does not pass in silence.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a buffer of exactly its size, so that the sanitizer sees a byte too far. */
static int replay(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return -1;
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size == 0 ? 1 : size);
    if (data == NULL)
        return -1;
    ssize_t n = read(fd, data, size);
    if (n == st.st_size)
        LLVMFuzzerTestOneInput(data, size);
    free(data);
    return n == st.st_size ? 0 : -1;
}

static int replay_all(const char *path, DIR *dir)
{
    int n = 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        int fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || replay(fd) < 0) {
            fprintf(stderr, "%s/%s: cannot read\n", path, e->d_name);
            return -1;
        }
        close(fd);
        n++;
    }
    return n;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: FUZZER DIRECTORY\n", stderr);
        return 2;
    }
    DIR *dir = opendir(argv[1]);
    if (dir == NULL) {
        perror(argv[1]);
        return 1;
    }
    int n = replay_all(argv[1], dir);
    closedir(dir);
    if (n == 0)
        fprintf(stderr, "%s: no files\n", argv[1]);
    else if (n > 0)
        printf("%s: %d inputs\n", argv[1], n);
    return n > 0 ? 0 : 1;
}
