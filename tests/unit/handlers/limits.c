/* SPDX-License-Identifier: MIT
 *
 * The list of limits shows what stops whom now, and no name that was typed; a list of any length comes in pages, each
 * of which is quick; clearing a source frees it and its network, but nothing that is in flight, and is one event.
 */
#include "desk_ask.h"
#include "buckets.h"

static const char secret[] = "12345678901234567890";
static struct line *root;
static struct msg rows[300];
static size_t n_rows, n_pages;

static struct line *try(struct desk *d, const char *user, const char *rhost, const char *password)
{
    struct line *l = desk_line(d, 0);
    struct msg_begin b;

    desk_begin_msg(&b, PHASE_AUTH, "su", user);
    strcpy(b.rhost, rhost);
    desk_begin(d, l, &b);
    desk_answer(d, l, password);
    return l;
}

static void open_desk(struct desk *d)
{
    desk_open(d);
    desk_config(d, "[service su]\nfactors = password\n");
    desk_account(d, "ada", 1001, "admin", "the password", secret, 6);
    desk_account(d, "bob", 1002, "user", "the password", NULL, 0);
    root = desk_line(d, 0);
}

/* All pages, as authctl asks for them. */
static void list(struct desk *d, const char *user, bool all)
{
    struct msg_limits_list in = {.all = all};
    int64_t before;

    strcpy(in.user, user);
    n_rows = n_pages = 0;
    do {
        struct handler h = desk_handler(d, root);
        struct step step = {0};
        struct msg m = {0};
        before = in.after;
        desk_must(db_begin(d->db), "begin");
        desk_must(on_limits_list(&h, &in, &step), "list");
        desk_must(db_commit(d->db), "commit");
        for (const struct reply *r = step.first; r; r = r->next) {
            desk_must(msg_decode(r->bytes, r->len, &m), "decode");
            if (m.number == MSG_row_limit && n_rows < 300)
                rows[n_rows++] = m;
        }
        step_clear(&step);
        in.after = m.number == MSG_end ? m.end.cursor : 0;
        n_pages++;
    } while (in.after > before);
    is_int(in.after, 0, "page %zu is the last", n_pages);
}

static const struct msg_row_limit *row_of(const char *bucket, const char *user, const char *source)
{
    for (size_t i = 0; i < n_rows; i++) {
        const struct msg_row_limit *row = &rows[i].row_limit;
        if (strcmp(row->bucket, bucket) == 0 && strcmp(row->user, user) == 0 && strcmp(row->source, source) == 0)
            return row;
    }
    return NULL;
}

static void put(struct desk *d, struct buckets_key key, struct limit_row row)
{
    row.charged_boot_ms = d->now.boot_ms;
    row.charged_at = row.failed_at = d->now.wall_s;
    memcpy(row.boot_id, d->now.boot_id, sizeof row.boot_id);
    DESK_STORE(d, buckets_save(d->db, &key, &row));
}

static void shown(void)
{
    struct desk d;
    char from[32];

    open_desk(&d);
    list(&d, "", false);
    is_int(n_rows, 0, "nobody is stopped");
    desk_must(desk_verdict(try(&d, "bob", "192.0.2.7", "the password")) == VERDICT_GRANTED ? 0 : -EPERM, "login");
    for (int i = 0; i < 6; i++) {
        snprintf(from, sizeof from, "203.0.113.%d", i);
        try(&d, "ada", from, "wrong");
        try(&d, "s3cret-typed-for-a-name", "198.51.100.1", "wrong");
    }
    try(&d, "bob", "192.0.2.7", "wrong");
    list(&d, "", false);
    is_int(n_rows, 3, "ada's strangers, and the unknown name as an account and from its source");
    const struct msg_row_limit *row = row_of("account", "ada", "203.0.113.4");
    ok(row && row->failures == 5 && row->consecutive == 5 && row->wait_s == 30 && !row->forfeited &&
           row->last_failure_at == d.now.wall_s && row->known_until_at == 0,
       "ada's");
    row = row_of("account", "", "198.51.100.1");
    ok(row && row->failures == 5 && row->wait_s == 30, "whose name is not shown");
    ok(row_of("pair", "", "198.51.100.1") != NULL, "from where");
    list(&d, "", true);
    row = row_of("pair", "bob", "192.0.2.7");
    ok(row && row->failures == 1 && row->wait_s == 0 && row->known_until_at == d.now.wall_s + BUCKETS_KNOWN_S,
       "all: bob's typo at home, which is known");
    row = row_of("source", "", "198.51.100.1");
    ok(row && row->failures == 5 && row->wait_s == 0, "all: a source below its limit");
    row = row_of("net", "", "203.0.0.0/16");
    ok(row && row->failures == 5, "all: a network");
    size_t all = n_rows;
    list(&d, "ada", true);
    ok(n_rows == 6 && n_rows < all && row_of("pair", "ada", "203.0.113.0"), "of one account");
    list(&d, "ada", false);
    is_int(n_rows, 1, "what stops its strangers");
    ASK(&d, root, limits_list, .user = "nobody-there");
    ok(ask_refused(REFUSAL_NOT_FOUND), "no such account");
    desk_tick(&d, 31000);
    list(&d, "", false);
    is_int(n_rows, 0, "once the waits are over nobody is stopped");
    desk_close(&d);
}

static void for_good(void)
{
    struct desk d;
    const struct msg_row_limit *row;

    open_desk(&d);
    put(&d, (struct buckets_key){BUCKET_ACCOUNT, 1, "", "203.0.113.1", NULL}, (struct limit_row){.consecutive = 100});
    put(&d, (struct buckets_key){BUCKET_OTP, 1, "", "strangers", NULL},
        (struct limit_row){.level = 20 * LIMIT_UNIT, .consecutive = 20});
    put(&d, (struct buckets_key){BUCKET_PAIR, 1, "", "192.0.2.7", NULL}, (struct limit_row){.consecutive = 100});
    DESK_STORE(&d, buckets_remember(d.db, &(struct buckets_key){BUCKET_PAIR, 1, "", "192.0.2.7", NULL}, d.now.wall_s));
    put(&d, (struct buckets_key){BUCKET_PAIR, 1, "", "console:tty1", NULL},
        (struct limit_row){.level = 40 * LIMIT_UNIT, .consecutive = 400});
    list(&d, "", false);
    is_int(n_rows, 4, "four");
    row = row_of("account", "ada", "203.0.113.1");
    ok(row && row->wait_s == -1 && row->consecutive == 100, "strangers until somebody helps");
    row = row_of("otp", "ada", "strangers");
    ok(row && row->wait_s == -1, "their codes");
    row = row_of("pair", "ada", "192.0.2.7");
    ok(row && row->forfeited && row->wait_s == 0 && row->known_until_at > 0, "a source that was known");
    row = row_of("pair", "ada", "console:tty1");
    ok(row && !row->forfeited && row->wait_s == 300, "the console waits no longer than 5 minutes");
    desk_close(&d);
}

/* A flood of names leaves tens of thousands of rows, of which few stop anybody. */
static void pages(void)
{
    struct desk d;
    char name[32];

    open_desk(&d);
    desk_must(db_begin(d.db), "begin");
    for (int i = 0; i < 3500; i++) {
        struct limit_row row = {.level = i % 25 == 0 ? 6 * LIMIT_UNIT : LIMIT_UNIT, .charged_boot_ms = d.now.boot_ms};
        snprintf(name, sizeof name, "name%d", i);
        memcpy(row.boot_id, d.now.boot_id, sizeof row.boot_id);
        struct buckets_key key = {BUCKET_ACCOUNT, 0, name, name, NULL};
        desk_must(buckets_save(d.db, &key, &row), "save");
    }
    desk_must(db_commit(d.db), "commit");
    list(&d, "", false);
    is_int(n_rows, 140, "all that stop somebody");
    ok(n_pages >= 4 && n_pages <= 6, "in %zu pages, none of which looks at everything", n_pages);
    ASK(&d, root, limits_list, .all = true);
    ok(ask_gave(HANDLER_PAGE_ROWS, 0) && asked.last.end.cursor > 0, "nor is any longer than others");
    ASK(&d, root, limits_list, .all = true, .after = INT64_MAX);
    ok(ask_gave(0, 0) && asked.last.end.cursor == 0, "nothing comes after the last");
    desk_close(&d);
}

static void overfill(struct desk *d, const char *source, const char *net)
{
    put(d, (struct buckets_key){BUCKET_SOURCE, 0, "", source, net},
        (struct limit_row){.level = 25 * LIMIT_UNIT, .consecutive = 25});
    put(d, (struct buckets_key){BUCKET_NET, 0, "", net, NULL},
        (struct limit_row){.level = 205 * LIMIT_UNIT, .consecutive = 205});
}

static void cleared(void)
{
    static const struct {
        const char *source, *net, *said;
    } cases[] = {
        {"192.0.2.7", "192.0.0.0/16", "192.0.2.7"},
        {"192.0.2.7", "192.0.0.0/16", "::ffff:192.0.2.7"},
        {"2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8:1:2::/64"},
        {"2001:db8:1:2::/64", "2001:db8:1::/48", "2001:DB8:1:2:0::99"},
        {"name:office.example.org", "names", "office.example.org"},
        {"name:office.example.org", "names", "name:office.example.org"},
    };
    struct desk d;
    char want[128];

    open_desk(&d);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        overfill(&d, cases[i].source, cases[i].net);
        struct msg_limits_clear in = {0};
        strcpy(in.source, cases[i].said);
        ASK_IN(&d, root, limits_clear, &in);
        ok(ask_gave(2, 1) && strcmp(asked.first.row_limit.source, cases[i].source) == 0 &&
               asked.first.row_limit.failures == 25 && asked.first.row_limit.wait_s == 160,
           "%s: cleared, shown as it was", cases[i].said);
        snprintf(want, sizeof want, "25 failures of %s, 205 failures of %s forgiven", cases[i].source, cases[i].net);
        ok(asked.audit.event == AUDIT_LIMIT_CLEAR && strcmp(asked.audit.actor, "uid:0") == 0, "by whom");
        is_str(asked.audit.result, want, "one event");
        list(&d, "", true);
        is_int(n_rows, 0, "nothing is left");
        ASK_IN(&d, root, limits_clear, &in);
        ok(ask_refused(REFUSAL_NOT_FOUND), "nothing twice");
    }
    put(&d, (struct buckets_key){BUCKET_SOURCE, 0, "", "uid:1000", NULL}, (struct limit_row){.level = LIMIT_UNIT});
    ASK(&d, root, limits_clear, .source = "uid:1000");
    ok(ask_gave(1, 1), "a uid, which has no network");
    is_str(asked.audit.result, "1 failure of uid:1000 forgiven", "one failure");
    desk_close(&d);
}

static void one_only(void)
{
    struct desk d;

    open_desk(&d);
    overfill(&d, "192.0.2.7", "192.0.0.0/16");
    overfill(&d, "name:office", "names");
    put(&d, (struct buckets_key){BUCKET_SOURCE, 0, "", "192.0.0.0", NULL}, (struct limit_row){.level = LIMIT_UNIT});
    static const char *const nothing[] = {"", "192.0.2.8/32", "203.0.113.1", "uid:1", "key:SHA256:x", " "};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        struct msg_limits_clear in = {0};
        strcpy(in.source, nothing[i]);
        ASK_IN(&d, root, limits_clear, &in);
        ok(ask_refused(REFUSAL_NOT_FOUND), "\"%s\": nothing is held", nothing[i]);
    }
    ASK(&d, root, limits_clear, .source = "192.0.0.0/16");
    ok(ask_gave(1, 1), "a network by its name: only that");
    list(&d, "", true);
    ok(n_rows == 4 && row_of("source", "", "192.0.2.7") && row_of("net", "", "names"), "all else is held as before");
    ASK(&d, root, limits_clear, .source = "names");
    ok(ask_gave(1, 1), "so are all names together");
    list(&d, "", true);
    ok(n_rows == 3 && row_of("source", "", "name:office"), "but not each of them");
    desk_close(&d);
}

static void in_flight(void)
{
    struct desk d;
    struct line *out[3];

    open_desk(&d);
    d.keep_jobs = true;
    for (int i = 0; i < 3; i++)
        out[i] = try(&d, "ada", "192.0.2.7", "wrong");
    ASK(&d, root, limits_clear, .source = "192.0.2.7");
    ok(ask_refused(REFUSAL_NOT_FOUND), "what is in flight is nothing to forgive");
    put(&d, (struct buckets_key){BUCKET_SOURCE, 0, "", "192.0.2.7", "192.0.0.0/16"},
        (struct limit_row){.level = 23 * LIMIT_UNIT, .in_flight = 3});
    ASK(&d, root, limits_clear, .source = "192.0.2.7");
    ok(ask_gave(1, 1) && asked.first.row_limit.failures == 20, "twenty others are");
    for (int i = 0; i < 3; i++)
        desk_hash(&d, out[i]);
    list(&d, "", true);
    const struct msg_row_limit *row = row_of("source", "", "192.0.2.7");
    ok(row && row->failures == 3, "these fail nevertheless");
    desk_close(&d);
}

int main(void)
{
    shown();
    for_good();
    pages();
    cleared();
    one_only();
    in_flight();
    return tap_done();
}
