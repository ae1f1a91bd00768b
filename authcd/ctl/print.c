/* SPDX-License-Identifier: MIT
 *
 * Records, sentences and lines. Knows no verb: what is shown is the caller's choice.
 */
#include "print.h"

#include <string.h>

#include "field.h"
#include "text.h"

static void record_line(FILE *out, const struct msg_field *f, const char *text, size_t widest)
{
    size_t len = field_bare(f->name);

    for (size_t i = 0; i < len; i++)
        fputc(f->name[i] == '_' ? ' ' : f->name[i], out);
    fprintf(out, "%*s  %s\n", (int)(widest - len), "", text);
}

void print_record(FILE *out, const struct msg *m, const char *columns, int64_t now_s)
{
    struct field_columns c;
    char value[FIELD_VALUE_SIZE];
    size_t widest = 0;

    field_columns(&c, m->number, columns, NULL);
    for (size_t i = 0; i < c.n; i++)
        widest = field_bare(c.fields[i]->name) > widest ? field_bare(c.fields[i]->name) : widest;
    for (size_t i = 0; i < c.n; i++) {
        field_value(value, c.fields[i], msg_value(m, c.fields[i]), now_s, true);
        record_line(out, c.fields[i], value, widest);
    }
}

static void word(char out[FIELD_VALUE_SIZE], const char *name, size_t len, const struct print_words *words)
{
    const struct msg *sources[] = {words->row, words->request};

    memcpy(out, "-", 2);
    for (size_t i = 0; i < 2 && strcmp(out, "-") == 0; i++) {
        const struct msg_field *f = sources[i] != NULL ? field_find(sources[i]->number, name, len) : NULL;
        if (f != NULL)
            field_value(out, f, msg_value(sources[i], f), words->now_s, true);
    }
    if (strcmp(out, "-") == 0 && words->user != NULL && len == 4 && memcmp(name, "user", len) == 0)
        text_printable(out, FIELD_VALUE_SIZE, words->user);
}

void print_phrase(FILE *out, const char *sentence, const struct print_words *words)
{
    char value[FIELD_VALUE_SIZE];

    for (const char *at = sentence; *at != '\0';) {
        size_t plain = strcspn(at, "{");
        fwrite(at, 1, plain, out);
        at += plain;
        if (*at == '\0')
            break;
        size_t len = strcspn(++at, "}");
        word(value, at, len, words);
        fputs(value, out);
        at += len + (at[len] == '}');
    }
}

void print_sentence(FILE *out, const char *sentence, const struct print_words *words)
{
    print_phrase(out, sentence, words);
    fputc('\n', out);
}

void print_lines(FILE *out, const char *text)
{
    char line[1024], shown[FIELD_VALUE_SIZE];

    while (*text != '\0') {
        size_t len = strcspn(text, "\n"), kept = len < sizeof line ? len : sizeof line - 1;
        memcpy(line, text, kept);
        line[kept] = '\0';
        text_printable(shown, sizeof shown, line);
        fprintf(out, "%s\n", shown);
        text += len + (text[len] == '\n');
    }
}
