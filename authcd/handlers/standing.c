/* SPDX-License-Identifier: MIT
 *
 * See standing.h. Levels leak, so everything is as of now. Where an exact number cannot be had (an account's level
 * leaks as one, those of its pairs each by itself) it errs to what a person would say: there are no failures without a
 * source, and no more sources than failures.
 */
#include "standing.h"

#include <errno.h>
#include <string.h>

#include "text.h"

/* The wait of a row; 0 if attempts may look, or only wait for one another. */
static int64_t wait_of(const struct limit_rule *rule, const struct limit_row *row, const struct clock *now)
{
    int64_t wait_ms = 0;
    return limit_look(rule, row, now, &wait_ms) == LIMIT_REFUSE ? wait_ms : 0;
}

static int find_account(struct handler *h, int64_t account_id, struct standing *s)
{
    const struct limit_rule *rule = limit_rule(h->config->authcd.limits, BUCKET_ACCOUNT, LIMIT_STRANGER);
    struct buckets_entry e;
    int error = buckets_find(h->db, &(struct buckets_key){.bucket = BUCKET_ACCOUNT, .account_id = account_id}, &e);
    if (error < 0)
        return error == -ENOENT ? 0 : error;
    s->failures = limit_failures(rule, &e.row, &h->now);
    s->consecutive = e.row.consecutive;
    s->wait_ms = wait_of(rule, &e.row, &h->now);
    s->failed_at = e.row.failed_at;
    if (s->failed_at != 0)
        memcpy(s->source, e.source, sizeof s->source);
    return 0;
}

static int find_pairs(struct handler *h, int64_t account_id, struct standing *s)
{
    enum config_limits preset = h->config->authcd.limits;
    struct buckets_pairs_asked asked = {.since_at = h->now.wall_s - limit_forgotten_ms(preset, BUCKET_ACCOUNT) / 1000,
                                        .now_s = h->now.wall_s,
                                        .forfeit = limit_rule(preset, BUCKET_PAIR, LIMIT_KNOWN)->forfeit};
    struct buckets_pairs found = {0};
    int error = buckets_pairs(h->db, account_id, &asked, &found);
    if (error < 0)
        return error;
    s->known = found.known;
    s->sources = found.strangers > s->failures ? s->failures : found.strangers;
    if (s->failures > 0 && s->sources == 0)
        s->sources = 1;
    return 0;
}

static int find_codes(struct handler *h, int64_t account_id, enum limit_who who, struct standing_codes *ret)
{
    const struct limit_rule *rule = limit_rule(h->config->authcd.limits, BUCKET_OTP, who);
    struct limit_row row;
    int error = buckets_load(h->db,
                             &(struct buckets_key){.bucket = BUCKET_OTP,
                                                   .account_id = account_id,
                                                   .source = who == LIMIT_STRANGER ? "strangers" : "known"},
                             &row);
    if (error < 0)
        return error;
    *ret = (struct standing_codes){limit_failures(rule, &row, &h->now), wait_of(rule, &row, &h->now)};
    return 0;
}

int standing_of(struct handler *h, int64_t account_id, struct standing *ret)
{
    struct standing s = {.everybody = limit_rule(h->config->authcd.limits, BUCKET_ACCOUNT, LIMIT_KNOWN) != NULL};
    int error = find_account(h, account_id, &s);
    if (error < 0 || (error = find_pairs(h, account_id, &s)) < 0 ||
        (error = find_codes(h, account_id, LIMIT_STRANGER, &s.strangers_codes)) < 0 ||
        (error = find_codes(h, account_id, LIMIT_KNOWN, &s.known_codes)) < 0)
        return error;
    *ret = s;
    return 0;
}

/* ---- as text ---- */

/* Failures that only the pair itself was charged, and so were a known source's. */
static uint32_t own_failures(const struct limit_rule *rule, const struct buckets_entry *e, const struct clock *now)
{
    int64_t shared = (e->row.share + LIMIT_UNIT - 1) / LIMIT_UNIT;
    int64_t own = limit_failures(rule, &e->row, now) - shared;
    return e->bucket == BUCKET_PAIR && own > 0 ? (uint32_t)own : 0;
}

static int count_own_failures(struct handler *h, int64_t account_id, uint32_t *ret)
{
    const struct limit_rule *rule = limit_rule(h->config->authcd.limits, BUCKET_PAIR, LIMIT_KNOWN);
    struct buckets_entry e = {0};
    uint32_t n = 0;
    int error;
    while ((error = buckets_next(h->db, account_id, e.place, &e)) == 0)
        n += own_failures(rule, &e, &h->now);
    *ret = n;
    return error == -ENOENT ? 0 : error;
}

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "s";
}

int standing_text(struct handler *h, int64_t account_id, char out[STANDING_TEXT_SIZE])
{
    struct standing s;
    uint32_t own = 0;
    int error = standing_of(h, account_id, &s);
    if (error < 0 || (error = count_own_failures(h, account_id, &own)) < 0)
        return error;
    uint32_t codes = s.strangers_codes.wrong + s.known_codes.wrong;
    out[0] = '\0';
    if (s.failures > 0)
        text_append(out, STANDING_TEXT_SIZE, ", ", "%u failure%s from %u source%s", s.failures, plural(s.failures),
                    s.sources, plural(s.sources));
    if (own > 0)
        text_append(out, STANDING_TEXT_SIZE, ", ", "%u failure%s of known sources", own, plural(own));
    if (codes > 0)
        text_append(out, STANDING_TEXT_SIZE, ", ", "%u wrong code%s", codes, plural(codes));
    return out[0] == '\0' ? text_copy(out, STANDING_TEXT_SIZE, "nothing") : 0;
}
