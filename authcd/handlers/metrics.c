/* SPDX-License-Identifier: MIT
 *
 * What authcd measures of itself, for a monitoring system: one table, a row each. Names, units and kinds are as
 * Prometheus wants them; how they are written is authctl's. No name of a person, service or source is ever a label:
 * there is no bound to those, and what was typed is not for others. authctl(1) explains each.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "handler.h"
#include "measure.h"
#include "sessions.h"
#include "text.h"

struct facts {
    struct counters counters;
    struct measure measure;
    uint32_t accounts, sessions;
    int64_t events, delivered, undelivered;
    bool degraded, always;
};

enum unit { NUMBER, MICROSECONDS /* shown as seconds */ };

struct metric {
    const char *name;
    const char *help; /* NULL: as in the row above, which is of the same name */
    const char *label, *label_value;
    size_t offset, size;
    enum unit unit;
};

#define OF(field) .offset = offsetof(struct facts, field), .size = sizeof(((struct facts *)0)->field)
#define LOGIN(result, index)                                                                                           \
    {                                                                                                                  \
        LOGINS, NULL, "result", result, OF(counters.logins[index])                                                     \
    }
#define REFUSAL(name, index)                                                                                           \
    {                                                                                                                  \
        REFUSALS, NULL, "bucket", name, OF(counters.refused[index])                                                    \
    }
#define AWAY(reason, index)                                                                                            \
    {                                                                                                                  \
        AWAYS, NULL, "reason", reason, OF(counters.turned_away[index])                                                 \
    }
#define LOGINS "authc_logins_total"
#define REFUSALS "authc_limit_refusals_total"
#define AWAYS "authc_turned_away_total"
#define PASSWORDS "authc_password_changes_total"
#define ROWS "authc_limit_rows"

/* clang-format off */
static const struct metric table[] = {
    {"authc_build_info", "Always 1; the version is the label.", "version", AUTHC_VERSION, OF(always)},
    {"authc_start_time_seconds", "When authcd started, in Unix seconds.", OF(counters.started_at)},
    {"authc_degraded", "1 while the disk is full or read-only: logins go on, nothing is changed or minted.", OF(degraded)},
    {"authc_memory_locked", "1 if no secret can reach a swap device.", OF(counters.memory_locked)},

    {LOGINS, "Conversations of a login or a stepup that ended, by how.", "result", "granted", OF(counters.logins[COUNTERS_GRANTED])},
    LOGIN("wrong", COUNTERS_WRONG), LOGIN("replayed", COUNTERS_REPLAYED), LOGIN("limited", COUNTERS_LIMITED),
    LOGIN("unknown", COUNTERS_UNKNOWN), LOGIN("refused", COUNTERS_REFUSED), LOGIN("fake", COUNTERS_FAKE),
    LOGIN("fault", COUNTERS_FAULT), LOGIN("ignored", COUNTERS_IGNORED), LOGIN("busy", COUNTERS_BUSY),
    LOGIN("abandoned", COUNTERS_ABANDONED),
    {REFUSALS, "Attempts that were not looked at, by the limit that refused.", "bucket", "account", OF(counters.refused[BUCKET_ACCOUNT])},
    REFUSAL("pair", BUCKET_PAIR), REFUSAL("source", BUCKET_SOURCE), REFUSAL("net", BUCKET_NET), REFUSAL("otp", BUCKET_OTP),
    {AWAYS, "Who was told that authcd is busy, by reason.", "reason", "queue", OF(counters.turned_away[COUNTERS_QUEUE])},
    AWAY("room", COUNTERS_ROOM), AWAY("budget", COUNTERS_BUDGET), AWAY("connections", COUNTERS_CONNECTIONS),
    {PASSWORDS, "Changes of a password that were asked for, by how they ended.", "result", "set", OF(counters.passwords_set)},
    {PASSWORDS, NULL, "result", "refused", OF(counters.passwords_refused)},

    {"authc_hashes_total", "Password hashes computed.", OF(counters.hashes)},
    {"authc_hash_seconds_total", "Time that hashing threads spent at hashes.", OF(counters.hashing.busy_us), MICROSECONDS},
    {"authc_hash_threads", "Hashing threads.", OF(counters.slots)},
    {"authc_hash_running", "Hashing threads at work.", OF(counters.hashing.running)},
    {"authc_hash_queue", "Hashes that wait for a thread.", OF(counters.hashing.waiting)},
    {"authc_hash_waits_total", "Hashes that a thread has taken from the queue.", OF(counters.hashing.waited)},
    {"authc_hash_wait_seconds_total", "Time that these waited for it.", OF(counters.hashing.wait_us), MICROSECONDS},
    {"authc_hash_wait_seconds_max", "The longest of these waits.", OF(counters.hashing.wait_max_us), MICROSECONDS},
    {"authc_hash_queued_slot_seconds_total", "Threads times the time in which hashes waited.", OF(counters.hashing.queued_slot_us), MICROSECONDS},
    {"authc_hash_queued_idle_seconds_total", "How much of that threads were idle.", OF(counters.hashing.queued_idle_us), MICROSECONDS},

    {"authc_connections", "Connections now.", OF(counters.connections)},
    {"authc_connections_total", "Connections that were made.", OF(counters.connected)},
    {"authc_accounts", "Accounts.", OF(accounts)},
    {"authc_sessions", "Live sessions.", OF(sessions)},
    {"authc_sessions_opened_total", "Sessions opened.", OF(counters.sessions_opened)},
    {"authc_tokens_minted_total", "Tokens minted.", OF(counters.tokens_minted)},
    {"authc_tokens_refused_total", "Tokens that were asked for and not minted.", OF(counters.tokens_refused)},

    {"authc_audit_events_total", "Events in the audit, since the database was made.", OF(events)},
    {"authc_audit_delivered_total", "How many of these the journal has.", OF(delivered)},
    {"authc_audit_undelivered", "Events that the journal does not have yet.", OF(undelivered)},
    {ROWS, "Rows of guess limits, by what they are about.", "about", "accounts", OF(measure.account_rows)},
    {ROWS, NULL, "about", "sources", OF(measure.source_rows)},
    {"authc_database_bytes", "Size of the database, without its write-ahead log.", OF(measure.bytes)},
    {"authc_database_wal_pages", "Pages in the write-ahead log.", OF(measure.wal_pages)},
};
/* clang-format on */

/* ---- values ---- */

static int gather(struct handler *h, struct facts *f)
{
    f->counters = *h->counters;
    f->degraded = h->frozen != NULL;
    f->always = true;
    int error = accounts_count(h->db, &f->accounts);
    if (error < 0 || (error = sessions_count(h->db, &f->sessions)) < 0 ||
        (error = audit_position(h->db, &f->events, &f->delivered)) < 0)
        return error;
    f->undelivered = f->events - f->delivered;
    return measure_take(h->db, &f->measure);
}

static int64_t value_of(const struct facts *f, const struct metric *m)
{
    const void *at = (const char *)f + m->offset;
    if (m->size == sizeof(bool))
        return *(const bool *)at;
    return m->size == sizeof(uint32_t) ? *(const uint32_t *)at : *(const int64_t *)at;
}

static int print_value(const struct facts *f, const struct metric *m, char *out, size_t cap)
{
    int64_t value = value_of(f, m);
    if (m->unit == NUMBER)
        return text_format(out, cap, "%" PRId64, value);
    return text_format(out, cap, "%" PRId64 ".%06" PRId64, value / 1000000, value % 1000000);
}

/* ---- rows ---- */

/* By its name, as people who read it expect. */
static const char *kind_of(const char *name)
{
    static const char total[] = "_total";
    size_t len = strlen(name), end = sizeof total - 1;
    return len > end && strcmp(name + len - end, total) == 0 ? "counter" : "gauge";
}

static int reply_metric(const struct facts *f, const struct metric *m, const char *help, struct step *step)
{
    struct msg reply = {.number = MSG_row_metric};
    struct msg_row_metric *row = &reply.row_metric;
    int error = text_copy(row->name, sizeof row->name, m->name);
    if (error < 0 || (error = text_copy(row->kind, sizeof row->kind, kind_of(m->name))) < 0 ||
        (error = text_copy(row->help, sizeof row->help, help)) < 0 ||
        (error = text_copy(row->label, sizeof row->label, m->label ? m->label : "")) < 0 ||
        (error = text_copy(row->label_value, sizeof row->label_value, m->label ? m->label_value : "")) < 0 ||
        (error = print_value(f, m, row->value, sizeof row->value)) < 0)
        return error;
    return step_reply(step, &reply);
}

int on_metrics_get(struct handler *h, const struct msg_metrics_get *in, struct step *step)
{
    struct facts f = {0};
    const char *help = "";
    uint32_t n = 0;
    (void)in;
    int error = gather(h, &f);
    for (; error == 0 && n < sizeof table / sizeof table[0]; n++) {
        help = table[n].help ? table[n].help : help;
        error = reply_metric(&f, &table[n], help, step);
    }
    return error < 0 ? error : step_end(step, n, 0);
}
