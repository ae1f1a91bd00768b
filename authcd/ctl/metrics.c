/* SPDX-License-Identifier: MIT
 *
 * See metrics.h. What stands between quotes has its quotes, backslashes and newlines escaped, what explains a name only
 * the last two; the format has no way to write other control characters, and no metric of ours has any: they become
 * question marks, because this may be a terminal.
 */
#include "metrics.h"

#include <string.h>
#include <unistd.h>

#include "job.h"

static void escaped(FILE *out, const char *text, const char *also)
{
    for (; *text != '\0'; text++)
        if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\\' || strchr(also, *text) != NULL)
            fprintf(out, "\\%c", *text);
        else
            fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
}

/* What may hold nothing to escape. */
static void plain(FILE *out, const char *before, const char *word, const char *after)
{
    fputs(before, out);
    for (; *word != '\0'; word++)
        fputc((unsigned char)*word > ' ' && (unsigned char)*word < 0x7f ? *word : '?', out);
    fputs(after, out);
}

void metrics_print(FILE *out, const struct msg_row_metric *row, const struct msg_row_metric *last)
{
    if (last == NULL || strcmp(last->name, row->name) != 0) {
        plain(out, "# HELP ", row->name, " ");
        escaped(out, row->help, "");
        plain(out, "\n# TYPE ", row->name, " ");
        plain(out, "", row->kind, "\n");
    }
    plain(out, "", row->name, "");
    if (row->label[0] != '\0') {
        plain(out, "{", row->label, "=\"");
        escaped(out, row->label_value, "\"");
        fputs("\"}", out);
    }
    plain(out, " ", row->value, "\n");
}

void metrics_show(const struct job *job, const struct msg *row)
{
    metrics_print(stdout, &row->row_metric, job->row.number == MSG_row_metric ? &job->row.row_metric : NULL);
}

void metrics_hint(const struct job *job, const struct msg *row)
{
    (void)job, (void)row;
    if (geteuid() == 0)
        puts("More: authctl metrics");
}
