/* SPDX-License-Identifier: MIT
 *
 * From the command line to a request: by the table of verbs and the field tables, every value ranged.
 */
#include "request.h"

#include <errno.h>

#include "tap.h"

enum { NOW = 1763726400 };

static struct args a;
static struct msg m;
static char error[ARGS_ERROR_SIZE];

/* Fills a request from a line of words with single spaces; "_" stands for an empty word. */
static int fill(const char *line)
{
    char copy[16][64], *argv[17] = {NULL};
    int argc = 1;
    size_t used = 0, n = 0;

    strcpy(copy[0], "authctl");
    for (const char *at = line; *at != '\0' && argc < 16; argc++) {
        size_t len = strcspn(at, " ");
        snprintf(copy[argc], sizeof copy[argc], "%.*s", (int)len, *at == '_' && len == 1 ? "" : at);
        if (*at == '_' && len == 1)
            copy[argc][0] = '\0';
        at += len;
        at += *at == ' ';
    }
    for (n = 0; n < (size_t)argc; n++)
        argv[n] = copy[n];
    error[0] = '\0';
    memset(&m, 0xaa, sizeof m);
    if (args_parse(argc, argv, &a, error) < 0)
        return -E2BIG;
    const struct verbs_verb *v = verbs_find(&a, &used);
    return v == NULL ? -ENOENT : request_fill(&m, v, &a, used, NOW, error);
}

static void bad(const char *line, const char *says)
{
    is_int(fill(line), -EINVAL, "refused: %s", line);
    ok(strstr(error, says) != NULL, "because: %s", error);
}

static void test_filled(void)
{
    is_int(fill("user add ada --uid 1001 --role admin"), 0, "user add");
    is_int(m.number, MSG_user_add, "is its message");
    is_str(m.user_add.user, "ada", "the name");
    is_int(m.user_add.uid, 1001, "the uid");
    is_str(m.user_add.role, "admin", "the role");
    is_int(fill("user add ada"), 0, "user add without a uid");
    is_int(m.user_add.uid, PROTOCOL_NO_UID, "has none");
    is_str(m.user_add.role, "", "nor a role");
    is_int(fill("user set ada --uid 0"), 0, "uid 0 is a uid");
    is_int(m.user_set.uid, 0, "and no other");
    is_int(fill("user list"), 0, "user list");
    is_int(m.user_list.after, 0, "begins at the beginning");
    is_int(fill("audit --user ada --since 15m --limit 3"), 0, "audit");
    is_int(m.audit_list.since_at, NOW - 900, "since then");
    is_int(fill("factor add totp --user ada --label phone --digits 8"), 0, "factor add");
    is_str(m.factor_add.kind, "totp", "of that kind");
    is_int(m.factor_add.digits, 8, "and as many digits");
    is_int(fill("factor remove --id 2 --user ada"), 0, "factor remove by option");
    is_int(m.factor_remove.id, 2, "that factor");
    is_int(fill("factor remove 3"), 0, "factor remove by word");
    is_int(m.factor_remove.id, 3, "that factor");
    is_int(fill("token --aud web --acr aal2 --session s"), 0, "token");
    is_str(m.token_mint.audience, "web", "for that audience");
    is_int(fill("token verify -"), 0, "token verify with a dash");
    is_int(fill("token verify --aud web"), 0, "and without");
    is_int(m.number, MSG_token_verify, "is not a token");
    is_int(fill("passwd ada --password-stdin"), 0, "a verb without a request");
    is_int(fill("limits"), 0, "limits");
    ok(!m.limits_list.all && m.limits_list.user[0] == '\0', "of what stops somebody");
    is_int(fill("limits --all --user ada"), 0, "limits --all");
    ok(m.limits_list.all, "of everything");
    is_int(fill("limits clear 2001:db8:1:2::/64"), 0, "limits clear");
    is_str(m.limits_clear.source, "2001:db8:1:2::/64", "what is to be cleared");
}

static void test_refused(void)
{
    bad("user add", "missing: user");
    bad("user add ada --label x", "not an option of this verb: --label");
    bad("user add ada eve", "a word too many");
    bad("user add _", "an empty word");
    bad("user add a/da", "not a name");
    bad("user add ..", "not a name");
    bad("user add ada --uid -1", "not a number");
    bad("user add ada --uid 4294967295", "not a number");
    bad("user add ada --uid 0x10", "not a number");
    bad("user add ada --role=", "empty: role");
    bad("user add ada --role superadministrator-of-everything-here", "too long: role");
    bad("user show ada --user ada", "given twice: --user");
    bad("factor remove", "missing: --id");
    bad("factor add totp --digits 256", "not a number");
    bad("factor add totp --label \xff", "not UTF-8");
    bad("session kill", "missing: session");
    bad("limits clear", "missing: source");
    bad("limits ada", "a word too many");
    bad("limits clear 192.0.2.7 --all", "not an option");
    bad("token", "missing: --aud");
    bad("token eyJhbGciOiJFUzI1NiJ9.e30.AA --aud web", "a word too many");
    bad("token verify eyJhbGciOiJFUzI1NiJ9.e30.AA", "never from arguments");
    ok(strstr(error, "eyJ") == NULL, "and the token is not repeated");
    bad("audit --since tomorrow", "--since takes");
    bad("passwd ada --password-stdin --password-fd 3", "either");
    is_int(fill("user frob"), -ENOENT, "an unknown verb");
    is_int(fill("frob"), -ENOENT, "an unknown noun");
    is_int(fill("user"), -ENOENT, "a noun that wants a verb");
}

/* Every row of the table holds together: its words, its columns and what it requires are fields of its messages. */
static bool are_fields(const char *names, enum msg_number number)
{
    const struct msg_type *type = msg_type(number);

    for (const char *at = names; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        bool found = strncmp(at, "-", len) == 0;
        for (size_t i = 0; type != NULL && i < type->n_fields; i++)
            found = found || (strlen(type->fields[i].name) == len && memcmp(type->fields[i].name, at, len) == 0);
        if (!found)
            return false;
        at += len;
    }
    return true;
}

static void test_table(void)
{
    size_t n;
    const struct verbs_verb *all = verbs_all(&n);

    for (size_t i = 0; i < n; i++) {
        const struct verbs_verb *v = &all[i];
        const char *verb = v->verb != NULL ? v->verb : "";
        ok(v->run != NULL || v->request != 0, "%s %s has something to do", v->noun, verb);
        if (v->request == 0)
            continue;
        ok(are_fields(v->words, v->request) && are_fields(v->required, v->request), "%s %s: words are fields", v->noun,
           verb);
        ok(are_fields(v->columns, v->row) && are_fields(v->columns_others, v->row), "%s %s: columns are fields",
           v->noun, verb);
        ok(msg_type(v->request)->direction == MSG_REQUEST && msg_type(v->row)->direction == MSG_REPLY,
           "%s %s: asks and gets", v->noun, verb);
    }
}

int main(void)
{
    test_filled();
    test_refused();
    test_table();
    return tap_done();
}
