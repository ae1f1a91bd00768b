/* SPDX-License-Identifier: MIT
 *
 * See journal_writer.h. Each text is one field by length, never by line, so that no newline in a name can start a field
 * of its own; MESSAGE is made printable, because people read it on terminals. Blocks as long as the journal wants: that
 * is what the thread is for.
 */
#include "journal_writer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "text.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

enum { FIELDS_MAX = 13, FIELD_SIZE = JOURNAL_LINE_SIZE, PAUSE_FIRST_MS = 100, PAUSE_MAX_MS = 10000 };

struct fields {
    size_t n;
    struct iovec iov[FIELDS_MAX];
    char text[FIELDS_MAX][FIELD_SIZE];
};

bool journal_writer_is_there(void)
{
    struct stat st;

    return stat(JOURNAL_SOCKET, &st) == 0 && S_ISSOCK(st.st_mode);
}

static const char *dash(const char *text)
{
    return text[0] ? text : "-";
}

int journal_writer_line(const struct journal_record *r, char *out, size_t cap)
{
    const char *who = r->user[0] ? r->user : r->row.account;

    return text_format(out, cap, "%lld %s %s %s %s %s%s%s", (long long)r->row.seq, audit_label(r->row.event), dash(who),
                       dash(r->row.service), dash(r->row.source), dash(r->row.result), r->row.actor[0] ? " by " : "",
                       r->row.actor);
}

/* "NAME=value", left out where there is no value. */
static void add(struct fields *f, const char *name, const char *value)
{
    int n = value[0] ? snprintf(f->text[f->n], FIELD_SIZE, "%s=%s", name, value) : 0;

    if (n <= 0 || n >= FIELD_SIZE)
        return; /* cannot be: every text of a row is shorter */
    f->iov[f->n] = (struct iovec){f->text[f->n], (size_t)n};
    f->n++;
}

static void add_number(struct fields *f, const char *name, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)value);
    add(f, name, text);
}

static void fill(struct fields *f, const struct journal_record *r)
{
    const struct audit *row = &r->row;
    char message[JOURNAL_LINE_SIZE], shown[FIELD_SIZE - 16];
    const char *who = r->user[0] ? r->user : row->account;

    f->n = 0;
    if (text_format(message, sizeof message, "%s%s%s%s%s", audit_text(row->event), who[0] ? ": " : "", who,
                    row->result[0] ? ": " : "", row->result) < 0)
        message[0] = '\0';
    text_printable(shown, sizeof shown, message);
    add(f, "MESSAGE", shown);
    add(f, "MESSAGE_ID", audit_message_id(row->event));
    add_number(f, "PRIORITY", audit_priority(row->event));
    add(f, "SYSLOG_IDENTIFIER", "authcd");
    add(f, "SYSLOG_FACILITY", "10"); /* authpriv: where people look for logins */
    add_number(f, "AUTHC_SEQ", row->seq);
    add(f, "AUTHC_EVENT", audit_label(row->event));
    add(f, "AUTHC_ACCOUNT", row->account);
    add(f, "AUTHC_USER", r->user);
    add(f, "AUTHC_ACTOR", row->actor);
    add(f, "AUTHC_SERVICE", row->service);
    add(f, "AUTHC_SOURCE", row->source);
    add(f, "AUTHC_RESULT", row->result);
}

/* False once the other side is gone. */
static bool pause_ms(int fd, int ms)
{
    struct pollfd p = {.fd = fd};

    return poll(&p, 1, ms) == 0;
}

static bool deliver(int fd, const struct fields *f)
{
    int pause = PAUSE_FIRST_MS;

    while (!journal_writer_is_there() || sd_journal_sendv(f->iov, (int)f->n) < 0) {
        if (!pause_ms(fd, pause))
            return false;
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
    return true;
}

void *journal_writer_run(void *argument)
{
    static struct fields fields; /* one writer a process, and too large for its stack */
    struct journal_record record;
    int fd = *(const int *)argument;

    while (recv(fd, &record, sizeof record, 0) == (ssize_t)sizeof record) {
        fill(&fields, &record);
        if (!deliver(fd, &fields) || send(fd, &record.row.seq, sizeof record.row.seq, MSG_NOSIGNAL) < 0)
            break;
    }
    return NULL;
}
