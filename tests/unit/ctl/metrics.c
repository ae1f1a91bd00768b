/* SPDX-License-Identifier: MIT
 *
 * Metrics as Prometheus reads them: what a name means once, labels escaped, nothing that a terminal would obey.
 */
#include "metrics.h"

#include <stdlib.h>

#include "tap.h"

static void prints(const struct msg_row_metric *row, const struct msg_row_metric *last, const char *want,
                   const char *name)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    metrics_print(out, row, last);
    fclose(out);
    is_str(text, want, "%s", name);
    free(text);
}

int main(void)
{
    static const struct msg_row_metric
        bare = {.name = "authc_accounts", .kind = "gauge", .help = "Accounts.", .value = "3"},
        first = {.name = "authc_logins_total",
                 .kind = "counter",
                 .help = "Logins.",
                 .label = "result",
                 .label_value = "granted",
                 .value = "1"},
        second = {.name = "authc_logins_total",
                  .kind = "counter",
                  .help = "Logins.",
                  .label = "result",
                  .label_value = "wrong",
                  .value = "0.000001"},
        odd = {.name = "a",
               .kind = "gauge",
               .help = "a\\b\nc\"d\033",
               .label = "l",
               .label_value = "a\\b\nc\"d\033",
               .value = "1"},
        hostile = {
            .name = "a\nb", .kind = "\033[2J", .help = "", .label = "x\"", .label_value = "\x7f", .value = "1 2"};

    prints(&bare, NULL, "# HELP authc_accounts Accounts.\n# TYPE authc_accounts gauge\nauthc_accounts 3\n",
           "without a label");
    prints(&first, &bare,
           "# HELP authc_logins_total Logins.\n# TYPE authc_logins_total counter\n"
           "authc_logins_total{result=\"granted\"} 1\n",
           "the first of its name");
    prints(&second, &first, "authc_logins_total{result=\"wrong\"} 0.000001\n", "the next of that name");
    prints(&odd, NULL, "# HELP a a\\\\b\\nc\"d?\n# TYPE a gauge\na{l=\"a\\\\b\\nc\\\"d?\"} 1\n", "escaped");
    prints(&hostile, NULL, "# HELP a?b \n# TYPE a?b ?[2J\na?b{x\"=\"?\"} 1?2\n", "no line or control of its own");
    return tap_done();
}
