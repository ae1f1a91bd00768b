/* SPDX-License-Identifier: MIT
 *
 * See table.h. Numbers stand to the right, lines have no tail of spaces. Width counts characters, not what a terminal
 * makes of wide ones.
 */
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t width(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

void table_open(struct table *t, enum msg_number row, const char *names, const char *without)
{
    char title[FIELD_HEAD_SIZE];

    field_columns(&t->columns, row, names, without);
    for (size_t i = 0; i < t->columns.n; i++) {
        field_head(title, t->columns.fields[i]->name);
        t->widths[i] = width(title);
    }
}

int table_add(struct table *t, const struct msg *row)
{
    char value[FIELD_VALUE_SIZE];

    if (t->n_cells + t->columns.n > t->room) {
        size_t room = t->room * 2 + 8 * (size_t)FIELD_COLUMNS_MAX;
        char **cells = reallocarray(t->cells, room, sizeof *cells);
        if (cells == NULL)
            return -ENOMEM;
        t->cells = cells;
        t->room = room;
    }
    for (size_t i = 0; i < t->columns.n; i++) {
        field_value(value, t->columns.fields[i], msg_value(row, t->columns.fields[i]), t->now_s, false);
        char *cell = strdup(value);
        if (cell == NULL)
            return -ENOMEM;
        t->cells[t->n_cells++] = cell;
        t->widths[i] = width(value) > t->widths[i] ? width(value) : t->widths[i];
    }
    return 0;
}

/* A cell and the space up to the next one; none after the last, so that lines have no tail. */
static void cell(FILE *out, const struct table *t, size_t column, const char *text)
{
    enum msg_kind kind = t->columns.fields[column]->kind;
    bool right =
        (kind == MSG_U8 || kind == MSG_U32 || kind == MSG_I64) && !field_is_time(t->columns.fields[column]->name);
    int pad = (int)(t->widths[column] - width(text)), last = column + 1 == t->columns.n;

    fprintf(out, "  %*s%s%*s", right ? pad : 0, "", text, right || last ? 0 : pad, "");
}

static void heads(struct table *t, FILE *out)
{
    char title[64];

    if (t->headed)
        return;
    t->headed = true;
    fputs(t->bold ? "\033[1m" : "", out);
    for (size_t i = 0; i < t->columns.n; i++) {
        field_head(title, t->columns.fields[i]->name);
        cell(out, t, i, title);
    }
    fputs(t->bold ? "\033[22m\n" : "\n", out);
}

static void drop_cells(struct table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i]);
    t->n_cells = 0;
}

void table_flush(struct table *t, FILE *out)
{
    heads(t, out);
    for (size_t i = 0; i < t->n_cells; i++) {
        cell(out, t, i % t->columns.n, t->cells[i]);
        if ((i + 1) % t->columns.n == 0)
            fputc('\n', out);
    }
    drop_cells(t);
}

void table_free(struct table *t)
{
    drop_cells(t);
    free(t->cells);
    t->cells = NULL;
    t->room = 0;
}
