/* SPDX-License-Identifier: MIT
 *
 * The guess limits of all accounts and sources, for administrators: what stops whom now, and forgiving one source.
 * What unlock does to an account is user's. A name that is no account's is never shown: what was typed for it may be a
 * password. Rows come in no order that means anything, because they are stored under a hash.
 */
#include <errno.h>
#include <string.h>

#include "buckets.h"
#include "handler.h"
#include "network.h"
#include "source.h"
#include "text.h"

enum { LOOK_AT = 1000 }; /* rows in one answer, shown or not: everybody else waits meanwhile */

#define CONSOLE "console:"

/* Only the console's pairs have a rule of their own. */
static const struct limit_rule *rule_of(struct handler *h, const struct buckets_entry *e)
{
    bool console = e->bucket == BUCKET_PAIR && strncmp(e->source, CONSOLE, strlen(CONSOLE)) == 0;
    return limit_rule(h->config->authcd.limits, e->bucket, console ? LIMIT_CONSOLE : LIMIT_STRANGER);
}

static void fill_limit(struct handler *h, const struct buckets_entry *e, struct msg_row_limit *row)
{
    const struct limit_rule *rule = rule_of(h, e);
    int64_t wait_ms = 0;
    if (limit_look(rule, &e->row, &h->now, &wait_ms) != LIMIT_REFUSE)
        wait_ms = 0;
    row->failures = limit_failures(rule, &e->row, &h->now);
    row->consecutive = e->row.consecutive;
    row->wait_s = limit_wait_s(wait_ms);
    row->forfeited = rule->forfeit > 0 && e->row.consecutive >= rule->forfeit;
    row->last_failure_at = e->row.failed_at;
    row->known_until_at = e->known_until > h->now.wall_s ? e->known_until : 0;
}

static bool is_wanted(const struct msg_row_limit *row, bool all)
{
    if (row->wait_s != 0 || row->forfeited)
        return true;
    return all && (row->failures > 0 || row->known_until_at > 0);
}

static int fill_names(struct handler *h, const struct buckets_entry *e, struct msg_row_limit *row)
{
    struct account a = {0};
    int error = e->account_id == 0 ? 0 : accounts_by_id(h->db, e->account_id, &a);
    if (error < 0 || (error = text_copy(row->user, sizeof row->user, a.name)) < 0 ||
        (error = text_copy(row->bucket, sizeof row->bucket, rule_of(h, e)->name)) < 0)
        return error;
    return text_copy(row->source, sizeof row->source, e->source);
}

/* Whether it is shown at all says *ret. */
static int reply_limit(struct handler *h, const struct buckets_entry *e, bool all, bool *ret, struct step *step)
{
    struct msg m = {.number = MSG_row_limit};
    fill_limit(h, e, &m.row_limit);
    *ret = is_wanted(&m.row_limit, all);
    if (!*ret)
        return 0;
    int error = fill_names(h, e, &m.row_limit);
    return error < 0 ? error : step_reply(step, &m);
}

int on_limits_list(struct handler *h, const struct msg_limits_list *in, struct step *step)
{
    struct buckets_entry e = {.place = in->after};
    struct account a = {0};
    uint32_t n = 0;
    bool shown;
    int error = in->user[0] == '\0' ? 0 : handler_account(h, in->user, &a, step);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    for (unsigned i = 0; i < LOOK_AT && n < HANDLER_PAGE_ROWS; i++) {
        if ((error = buckets_next(h->db, a.id, e.place, &e)) < 0)
            break;
        if ((error = reply_limit(h, &e, in->all, &shown, step)) < 0)
            return error;
        n += shown;
    }
    if (error < 0 && error != -ENOENT)
        return error;
    return step_end(step, n, error == 0 ? e.place : 0);
}

/* ---- forgiving a source ---- */

/* What an administrator may call a source: as the list shows it, or an address or a name as people write it. False:
 * only what is shown under exactly that text. */
static bool is_rhost(const char *text, char rhost[SOURCE_TEXT_SIZE])
{
    struct network address;
    size_t len = strlen(text);
    bool ipv6 = len > 3 && strcmp(text + len - 3, "/64") == 0;
    const char *at = strncmp(text, "name:", 5) == 0 ? text + 5 : text;
    if (text_copy(rhost, SOURCE_TEXT_SIZE, at) < 0)
        return false;
    if (ipv6 && at == text)
        rhost[len - 3] = '\0';
    if (at != text || network_parse_address(rhost, &address) == 0)
        return true;
    return text_is_word(text, SOURCE_TEXT_SIZE - 1) && strcmp(text, "names") != 0;
}

static void source_named(struct handler *h, const char *text, struct source *ret)
{
    struct source_facts facts = {.peer_is_root = true};
    char rhost[SOURCE_TEXT_SIZE];
    bool found = is_rhost(text, rhost);
    *ret = (struct source){0};
    facts.rhost = rhost;
    if (found)
        source_from(ret, &facts, &h->config->authcd);
}

struct clearing {
    uint32_t n;
    char what[192]; /* for the audit */
};

/* Forgives a row, and shows it as it was; nothing, if it holds nothing. */
static int clear(struct handler *h, enum bucket bucket, const char *text, struct clearing *c, struct step *step)
{
    struct buckets_key key = {bucket, 0, "", text, NULL};
    struct buckets_entry e;
    bool shown;
    int error = text[0] == '\0' ? -ENOENT : buckets_find(h->db, &key, &e);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    if ((error = reply_limit(h, &e, true, &shown, step)) < 0 || !shown)
        return error;
    uint32_t failures = limit_failures(rule_of(h, &e), &e.row, &h->now);
    text_append(c->what, sizeof c->what, ", ", "%u failure%s of %s", failures, failures == 1 ? "" : "s", text);
    c->n++;
    limit_forgive(&e.row);
    return buckets_save(h->db, &key, &e.row);
}

int on_limits_clear(struct handler *h, const struct msg_limits_clear *in, struct step *step)
{
    struct clearing c = {0};
    struct source s;
    source_named(h, in->source, &s);
    int error = clear(h, BUCKET_SOURCE, in->source, &c, step);
    if (error < 0 || (error = clear(h, BUCKET_NET, in->source, &c, step)) < 0 ||
        (error = clear(h, BUCKET_SOURCE, s.text, &c, step)) < 0 || (error = clear(h, BUCKET_NET, s.net, &c, step)) < 0)
        return error;
    if (c.n == 0)
        return step_refuse(step, REFUSAL_NOT_FOUND, "nothing is held against the source \"%s\"", in->source);
    error = handler_audit(h, AUDIT_LIMIT_CLEAR, NULL, "", NULL, "%s forgiven", c.what);
    return error < 0 ? error : step_end(step, c.n, 0);
}
