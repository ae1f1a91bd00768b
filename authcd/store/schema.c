/* SPDX-License-Identifier: MIT
 *
 * The steps of the schema. Tables are STRICT; what a CHECK can hold is held there too, so that a row written behind the
 * daemon's back has less room to surprise. Names of limits, handles and recovery codes are keyed hashes. Leaves out
 * opening (db.c) and the backup before a migration (backup.c).
 */
#include "schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "sql.h"

static const char *const first[] = {
    /* Among the living (state is not 4), name and uid are unique. */
    "CREATE TABLE accounts ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  uuid TEXT NOT NULL UNIQUE,"
    "  name TEXT NOT NULL,"
    "  uid INTEGER NOT NULL CHECK (uid BETWEEN 0 AND 4294967295),"
    "  role TEXT NOT NULL,"
    "  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),"
    "  must_change INTEGER NOT NULL DEFAULT 0 CHECK (must_change IN (0, 1)),"
    "  next_factor INTEGER NOT NULL DEFAULT 1,"
    "  created_at INTEGER NOT NULL,"
    "  updated_at INTEGER NOT NULL,"
    "  last_login_at INTEGER NOT NULL DEFAULT 0,"
    "  password_changed_at INTEGER NOT NULL DEFAULT 0,"
    "  password_expires_at INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE UNIQUE INDEX accounts_name ON accounts (name) WHERE state <> 4;"
    "CREATE UNIQUE INDEX accounts_uid ON accounts (uid) WHERE state <> 4;"
    "CREATE TABLE passwords ("
    "  account_id INTEGER PRIMARY KEY REFERENCES accounts (id),"
    "  sealed BLOB NOT NULL"
    ") STRICT;",

    "CREATE TABLE factors ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  account_id INTEGER NOT NULL REFERENCES accounts (id),"
    "  number INTEGER NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  label TEXT NOT NULL,"
    "  algorithm INTEGER NOT NULL,"
    "  digits INTEGER NOT NULL,"
    "  period_s INTEGER NOT NULL,"
    "  last_step INTEGER NOT NULL DEFAULT 0,"
    "  sealed BLOB NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    "  confirmed_at INTEGER NOT NULL DEFAULT 0,"
    "  last_used_at INTEGER NOT NULL DEFAULT 0,"
    "  UNIQUE (account_id, number),"
    "  UNIQUE (account_id, label)"
    ") STRICT;",

    "CREATE TABLE recovery_codes ("
    "  account_id INTEGER NOT NULL REFERENCES accounts (id),"
    "  name BLOB NOT NULL CHECK (length(name) = 16),"
    "  made_at INTEGER NOT NULL,"
    "  used_at INTEGER NOT NULL DEFAULT 0,"
    "  PRIMARY KEY (account_id, name)"
    ") STRICT, WITHOUT ROWID;",

    /* account_id NULL: about a source, or a name that is no account's. net: the row that remembers it once it had to
     * go. source is for people: what the audit says of it too, never what was typed for a name. Triggers count those,
     * because counting 65,536 rows at each insert would be the slowest thing a stranger could ask for. */
    "CREATE TABLE limits ("
    "  name BLOB PRIMARY KEY CHECK (length(name) = 16),"
    "  bucket INTEGER NOT NULL,"
    "  account_id INTEGER REFERENCES accounts (id),"
    "  net BLOB CHECK (length(net) = 16),"
    "  source TEXT NOT NULL,"
    "  level INTEGER NOT NULL,"
    "  share INTEGER NOT NULL,"
    "  in_flight INTEGER NOT NULL,"
    "  consecutive INTEGER NOT NULL,"
    "  charged_boot_ms INTEGER NOT NULL,"
    "  charged_at INTEGER NOT NULL,"
    "  boot_id TEXT NOT NULL,"
    "  failed_at INTEGER NOT NULL DEFAULT 0,"
    "  known_until INTEGER NOT NULL DEFAULT 0"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX limits_account ON limits (account_id) WHERE account_id IS NOT NULL;"
    "CREATE INDEX limits_unknown ON limits (level, charged_at) WHERE account_id IS NULL;"
    "CREATE INDEX limits_in_flight ON limits (in_flight) WHERE in_flight > 0;"
    "CREATE TABLE limits_state ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1),"
    "  unknown_rows INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO limits_state VALUES (1, 0);"
    "CREATE TRIGGER limits_unknown_added AFTER INSERT ON limits WHEN NEW.account_id IS NULL"
    "  BEGIN UPDATE limits_state SET unknown_rows = unknown_rows + 1; END;"
    "CREATE TRIGGER limits_unknown_gone AFTER DELETE ON limits WHEN OLD.account_id IS NULL"
    "  BEGIN UPDATE limits_state SET unknown_rows = unknown_rows - 1; END;",

    "CREATE TABLE handles ("
    "  name BLOB PRIMARY KEY CHECK (length(name) = 16),"
    "  account_id INTEGER NOT NULL REFERENCES accounts (id),"
    "  uid INTEGER NOT NULL,"
    "  service TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  rhost TEXT NOT NULL,"
    "  amr TEXT NOT NULL,"
    "  acr TEXT NOT NULL,"
    "  auth_time INTEGER NOT NULL,"
    "  made_at INTEGER NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX handles_made ON handles (made_at);"
    "CREATE INDEX handles_account ON handles (account_id);"
    "CREATE TABLE sessions ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL UNIQUE,"
    "  account_id INTEGER NOT NULL REFERENCES accounts (id),"
    "  uid INTEGER NOT NULL,"
    "  service TEXT NOT NULL,"
    "  tty TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  rhost TEXT NOT NULL,"
    "  amr TEXT NOT NULL,"
    "  acr TEXT NOT NULL,"
    "  auth_time INTEGER NOT NULL,"
    "  audit_session INTEGER NOT NULL,"
    "  leader_pid INTEGER NOT NULL,"
    "  leader_start INTEGER NOT NULL,"
    "  boot_id TEXT NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    "  last_used_at INTEGER NOT NULL,"
    "  ended_at INTEGER NOT NULL DEFAULT 0,"
    "  end_reason TEXT NOT NULL DEFAULT ''"
    ") STRICT;"
    "CREATE INDEX sessions_account ON sessions (account_id) WHERE ended_at = 0;"
    "CREATE INDEX sessions_kernel ON sessions (uid, audit_session) WHERE ended_at = 0;"
    "CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at > 0;",

    /* Whatever ends a session ends its times of grace. */
    "CREATE TABLE graces ("
    "  account_id INTEGER NOT NULL REFERENCES accounts (id),"
    "  audit_session INTEGER NOT NULL,"
    "  service TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  tty TEXT NOT NULL,"
    "  boot_id TEXT NOT NULL,"
    "  proved_boot_ms INTEGER NOT NULL,"
    "  PRIMARY KEY (account_id, audit_session, service, source, tty)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER graces_over AFTER UPDATE OF ended_at ON sessions WHEN NEW.ended_at > 0"
    "  BEGIN DELETE FROM graces WHERE account_id = NEW.account_id AND audit_session = NEW.audit_session; END;",

    "CREATE TABLE keys ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  kid TEXT NOT NULL UNIQUE,"
    "  alg TEXT NOT NULL,"
    "  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),"
    "  created_at INTEGER NOT NULL,"
    "  max_exp INTEGER NOT NULL DEFAULT 0,"
    "  sealed BLOB NOT NULL"
    ") STRICT;"
    "CREATE UNIQUE INDEX keys_state ON keys (alg, state) WHERE state <> 3;",

    "CREATE TABLE audit ("
    "  seq INTEGER PRIMARY KEY,"
    "  at INTEGER NOT NULL,"
    "  event INTEGER NOT NULL,"
    "  account TEXT NOT NULL,"
    "  actor TEXT NOT NULL,"
    "  service TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  result TEXT NOT NULL,"
    "  hash BLOB NOT NULL,"
    "  mac BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX audit_account ON audit (account, seq);"
    "CREATE TABLE audit_state ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1),"
    "  seq INTEGER NOT NULL,"
    "  hash BLOB NOT NULL,"
    "  key BLOB NOT NULL,"
    "  mac BLOB NOT NULL,"
    "  delivered INTEGER NOT NULL"
    ") STRICT;",

    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;",
    NULL,
};

static void key_check(struct db *db, unsigned char out[VAULT_NAME_SIZE])
{
    vault_name(db->vault, VAULT_NAMES_KEY_CHECK, "authc", out);
}

/* What lets the next start see that the key is another one. */
static int fill_first(struct db *db)
{
    unsigned char check[VAULT_NAME_SIZE];
    key_check(db, check);
    SQL_AUTO struct sql q = sql_begin(db, "INSERT INTO meta (name, value) VALUES ('key', ?)");
    sql_bind_blob(&q, check, sizeof check);
    int error = sql_run(&q, NULL);
    return error < 0 ? error : audit_start(db);
}

static const struct schema_step steps[] = {
    {1, first, fill_first},
};

const struct schema_step *schema_steps(size_t *ret_n)
{
    *ret_n = sizeof steps / sizeof *steps;
    return steps;
}

static int read_number(struct db *db, const char *text, int64_t *ret)
{
    SQL_AUTO struct sql q = sql_begin(db, text);
    int error = sql_row(&q);
    int64_t v = error < 0 ? 0 : sql_int(&q);
    if (error < 0 || (error = q.error) < 0)
        return error;
    *ret = v;
    return 0;
}

int schema_version(struct db *db, int *ret)
{
    int64_t application = 0, version = 0, objects = 0;
    int error = read_number(db, "PRAGMA application_id", &application);
    if (error < 0 || (error = read_number(db, "PRAGMA user_version", &version)) < 0 ||
        (error = read_number(db, "SELECT count(*) FROM sqlite_schema", &objects)) < 0)
        return error;
    bool fresh = application == 0 && version == 0 && objects == 0;
    if (!fresh && (application != SCHEMA_APPLICATION_ID || version < 1))
        return -EPERM;
    if (version > steps[sizeof steps / sizeof *steps - 1].version)
        return -EPROTONOSUPPORT;
    *ret = (int)version;
    return 0;
}

static int execute(struct db *db, const char *sql)
{
    return sql_error(db, sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL));
}

static int execute_all(struct db *db, const char *const *sql)
{
    int error = 0;
    while (error == 0 && *sql != NULL)
        error = execute(db, *sql++);
    return error;
}

static int take_step(struct db *db, const struct schema_step *step)
{
    DB_TRANSACTION struct db_transaction t = {0};
    char stamp[96];
    int n = snprintf(stamp, sizeof stamp, "PRAGMA application_id = %" PRId64 "; PRAGMA user_version = %d",
                     SCHEMA_APPLICATION_ID, step->version);
    if (n < 0 || (size_t)n >= sizeof stamp)
        return -EMSGSIZE;
    int error = db_transaction(db, &t);
    if (error < 0 || (error = execute_all(db, step->sql)) < 0 || (step->fill != NULL && (error = step->fill(db)) < 0) ||
        (error = execute(db, stamp)) < 0)
        return error;
    return db_transaction_commit(&t);
}

int schema_migrate(struct db *db, int version, const struct schema_step *list, size_t n)
{
    int error = 0;
    for (size_t i = 0; error == 0 && i < n; i++)
        if (list[i].version > version)
            error = take_step(db, &list[i]);
    return error;
}

int schema_check_key(struct db *db)
{
    unsigned char stored[VAULT_NAME_SIZE], check[VAULT_NAME_SIZE];
    SQL_AUTO struct sql q = sql_begin(db, "SELECT value FROM meta WHERE name = 'key'");
    int error = sql_row(&q);
    size_t len = error < 0 ? 0 : sql_blob(&q, stored, sizeof stored);
    if (error < 0 || (error = q.error) < 0)
        return error == -ENOENT ? -ENOKEY : error;
    key_check(db, check);
    return len == sizeof check && memcmp(stored, check, sizeof check) == 0 ? 0 : -ENOKEY;
}
