/* SPDX-License-Identifier: MIT
 *
 * Whose account a request is about: root may name anybody, others are told nothing but their own, in the same words
 * whether the name exists or not (W7). And who an audit row says did it (L10).
 */
#include "desk_ask.h"

static char told[600];

static int find(struct desk *d, uint32_t uid, const char *user, struct account *ret)
{
    struct handler h = desk_handler(d, desk_line(d, uid));
    struct step step = {0};
    struct msg m = {0};
    int error = handler_account(&h, user, ret, &step);
    told[0] = '\0';
    if (step.first != NULL && msg_decode(step.first->bytes, step.first->len, &m) == 0)
        snprintf(told, sizeof told, "%d %s", m.refused.error, m.refused.text);
    step_clear(&step);
    return error;
}

static void test_root(struct desk *d)
{
    struct account a;
    ok(find(d, 0, "ada", &a) == 0 && a.uid == 1001 && told[0] == '\0', "root names anybody");
    is_int(find(d, 0, "bob", &a), -ENOENT, "but not nobody");
    is_str(told, "3 no account \"bob\"", "and is told so");
    is_int(find(d, 0, "", &a), -ENOENT, "without an account of its own root must name one");
    ok(strstr(told, "5 ") == told && strstr(told, "--user") != NULL, "and is told how");
    desk_account(d, "root", 0, "superadmin", "correct horse", NULL, 0);
    ok(find(d, 0, "", &a) == 0 && strcmp(a.name, "root") == 0, "with one it is root's");
}

static void test_others(struct desk *d)
{
    struct account a;
    char not_yours[600];
    ok(find(d, 1001, "", &a) == 0 && strcmp(a.name, "ada") == 0, "one's own by saying nothing");
    ok(find(d, 1001, "ada", &a) == 0 && strcmp(a.name, "ada") == 0, "one's own by name");
    is_int(find(d, 1001, "eve", &a), -ENOENT, "another's");
    strcpy(not_yours, told);
    ok(strncmp(not_yours, "2 ", 2) == 0, "is refused as not allowed");
    static const char *const names[] = {"bob", "root", "ADA", "ada ", "\xc3\xa9", ""};
    static const uint32_t uids[] = {1001, 1001, 1001, 1001, 1001, 4242};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        is_int(find(d, uids[i], names[i], &a), -ENOENT, "uid %u, \"%s\" is refused", uids[i], names[i]);
        is_str(told, not_yours, "in the same words");
    }
    is_int(find(d, 4242, "eve", &a), -ENOENT, "nor may a uid without an account ask");
    is_str(told, not_yours, "in the same words");
}

/* Not even if the database had such an account. */
static void test_nobody(struct desk *d)
{
    struct account a;
    static const uint32_t uids[] = {65534, PROTOCOL_NO_UID};
    desk_account(d, "nobody", 65534, "user", "correct horse", NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        is_int(find(d, uids[i], "", &a), -ENOENT, "uid %u is nobody in particular", uids[i]);
        is_int(find(d, uids[i], "nobody", &a), -ENOENT, "whatever it says");
        ok(!handler_uid_is_somebody(uids[i]), "and no account may have it");
    }
    ok(handler_uid_is_somebody(0) && handler_uid_is_somebody(65533), "others may");
}

static struct audit audited(struct desk *d, uint32_t uid, const struct account *a, const char *source)
{
    struct handler h = desk_handler(d, desk_line(d, uid));
    struct audit row = {0};
    int64_t before = ask_position(d);
    desk_must(db_begin(d->db), "begin");
    desk_must(handler_audit(&h, AUDIT_USER_SET, a, "svc", source, "%s %d", "x", 7), "audit");
    desk_must(db_commit(d->db), "commit");
    desk_must(audit_next(d->db, before, "", 0, &row), "row");
    return row;
}

static void test_audit(struct desk *d)
{
    struct account a;
    desk_must(find(d, 0, "ada", &a), "ada");
    struct audit row = audited(d, 0, &a, NULL);
    is_str(row.actor, "uid:0", "root is the actor");
    is_str(row.source, "uid:0", "and the source");
    is_str(row.account, a.uuid, "of something about ada, by UUID");
    ok(row.at == d->now.wall_s && strcmp(row.result, "x 7") == 0 && strcmp(row.service, "svc") == 0,
       "when, what, where");
    is_str(audited(d, 1001, &a, NULL).actor, "", "what she does herself has no other actor");
    is_str(audited(d, 1001, NULL, "192.0.2.7").source, "192.0.2.7", "a source that is given is kept");
}

int main(void)
{
    static struct desk d;
    desk_open(&d);
    desk_account(&d, "ada", 1001, "admin", "correct horse", NULL, 0);
    desk_account(&d, "eve", 1002, "user", "correct horse", NULL, 0);
    test_root(&d);
    test_others(&d);
    test_nobody(&d);
    test_audit(&d);
    desk_close(&d);
    return tap_done();
}
