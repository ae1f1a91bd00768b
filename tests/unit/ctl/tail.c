/* SPDX-License-Identifier: MIT
 *
 * The newest N of a stream, in order.
 */
#include "tail.h"

#include <errno.h>

#include "tap.h"

static char seen[256];

static int note(void *arg, const struct msg *m)
{
    size_t used = strlen(seen);

    (void)arg;
    snprintf(seen + used, sizeof seen - used, "%d ", (int)m->row_event.seq);
    return m->row_event.seq == 99 ? -EIO : 0;
}

static const char *newest(size_t most, int64_t n)
{
    struct tail t = {0};
    struct msg m = {.number = MSG_row_event};

    seen[0] = '\0';
    for (m.row_event.seq = 1; m.row_event.seq <= n; m.row_event.seq++)
        if (tail_push(&t, most, &m, 0) < 0)
            return "failed";
    if (tail_each(&t, note, NULL) < 0)
        strcat(seen, "error");
    tail_free(&t);
    return seen;
}

/* Rows 1, 2, 3... with those ranks, of which most are kept, the highest rank first. */
static const char *sorted(size_t most, size_t n, const int64_t *ranks)
{
    struct tail t = {0};
    struct msg m = {.number = MSG_row_event};

    seen[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        m.row_event.seq = (int64_t)i + 1;
        if (tail_push(&t, most, &m, ranks[i]) < 0)
            return "failed";
    }
    tail_sort(&t);
    if (tail_each(&t, note, NULL) < 0)
        return "error";
    tail_free(&t);
    return seen;
}

static void test_sorted(void)
{
    static const int64_t ranks[] = {0, INT64_MAX, -5, 7, 7, INT64_MIN, 7};

    is_str(sorted(100, 0, ranks), "", "none sorted");
    is_str(sorted(100, 7, ranks), "2 4 5 7 1 3 6 ", "the highest first, of the same the oldest");
    is_str(sorted(4, 7, ranks), "4 5 7 6 ", "also in a ring that has turned");
}

int main(void)
{
    test_sorted();
    is_str(newest(3, 0), "", "of none");
    is_str(newest(3, 2), "1 2 ", "of less");
    is_str(newest(3, 3), "1 2 3 ", "of as many");
    is_str(newest(3, 4), "2 3 4 ", "of one more");
    is_str(newest(3, 300), "298 299 300 ", "of many");
    is_str(newest(1, 7), "7 ", "the last one");
    ok(strncmp(newest(70, 72), "3 4 5 ", 6) == 0, "a ring that grew begins with the oldest that is kept");
    is_str(newest(2, 99), "98 99 error", "what the reader says ends it");
    struct tail t = {0};
    tail_free(&t);
    ok(true, "freeing nothing does nothing");
    return tap_done();
}
