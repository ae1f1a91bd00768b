/* SPDX-License-Identifier: MIT
 *
 * Numbers that both ends of authcd's sockets share and that are not messages: version, phases, kinds of prompt, flags
 * of BEGIN, refusals, and the verdicts of verdict.def. All are wire format: never reused. Described in
 * authc-protocol(7).
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdint.h>

enum { PROTOCOL_VERSION = 1, PROTOCOL_PACKET_MAX = 16384, PROTOCOL_NONCE_SIZE = 16 };
enum { PROTOCOL_ROUNDS_MAX = 16 }; /* prompts in one conversation: the module gives up after these */

#define PROTOCOL_NO_UID UINT32_MAX
#define PROTOCOL_NO_SESSION UINT32_MAX

#define PROTOCOL_SYSTEM_SOCKET "system.sock" /* 0600: uid 0 */
#define PROTOCOL_USER_SOCKET "user.sock"     /* 0666 */
#define PROTOCOL_RUN_DIR "/run/authc"

enum phase {
    PHASE_AUTH = 1,
    PHASE_ACCT = 2,
    PHASE_CHAUTHTOK = 3,
    PHASE_OPEN = 4,
    PHASE_CLOSE = 5,
    PHASE_STEPUP = 6,
};

enum prompt_kind {
    PROMPT_PASSWORD = 1,
    PROMPT_CODE = 2,
    PROMPT_COMBINED = 3,         /* password, then code, in one string */
    PROMPT_CURRENT_PASSWORD = 4, /* chauthtok */
    PROMPT_NEW_PASSWORD = 5,
    PROMPT_RETYPE_PASSWORD = 6,
    PROMPT_ACKNOWLEDGE = 7, /* to be read; whatever is answered says that it was */
};

/* Flags of BEGIN. */
enum {
    BEGIN_SILENT = 1,       /* PAM_SILENT */
    BEGIN_PRELIM = 2,       /* PAM_PRELIM_CHECK: is this account ours? nothing is asked */
    BEGIN_ONLY_EXPIRED = 4, /* PAM_CHANGE_EXPIRED_AUTHTOK */
    BEGIN_OWN_ADDRESS = 8,  /* rhost is an address of this host */
    BEGIN_TEST = 16,        /* uid 0 tries what a login would come to: auth and acct only, and nothing comes of it */
    BEGIN_TICKET = 32,      /* sudo has a record of this terminal that `sudo -k` did not end */
    BEGIN_ONE_TIME = 64,    /* chauthtok, uid 0 only: authcd makes the password, which is for one login */
};

enum refusal {
    REFUSAL_PROTOCOL = 1,    /* malformed, or out of order: the connection closes */
    REFUSAL_NOT_ALLOWED = 2, /* not this peer; the same answer as for an account that does not exist */
    REFUSAL_NOT_FOUND = 3,
    REFUSAL_EXISTS = 4,
    REFUSAL_INVALID = 5, /* a value that does not fit; text says which */
    REFUSAL_STEPUP = 6,  /* prove your factors first: BEGIN with phase stepup, then ask again */
    REFUSAL_BUSY = 7,
    REFUSAL_UNAVAILABLE = 8, /* authcd has no state to answer from */
    REFUSAL_WRONG_CODE = 9,
};

#define VERDICT(name, value, text) VERDICT_##name = value,
enum verdict {
#include "verdict.def"
};
#undef VERDICT

/* Text of v for logs and people; "unknown verdict" for any other number. */
const char *verdict_text(uint32_t v);

#endif
