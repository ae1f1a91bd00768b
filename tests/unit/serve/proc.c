/* SPDX-License-Identifier: MIT
 *
 * What /proc says of a process, also of one that calls itself something odd.
 */
#include "proc.h"

#include <sys/prctl.h>
#include <unistd.h>

#include "protocol.h"
#include "tap.h"

int main(void)
{
    int64_t started = proc_started(getpid());

    ok(started > 0, "a process was started after the boot");
    prctl(PR_SET_NAME, "a) R 1 2 3 4");
    is_int(proc_started(getpid()), started, "whatever it calls itself");
    is_int(proc_started(INT64_MAX), 0, "nobody has that number");
    is_int(proc_audit_session(INT64_MAX), PROTOCOL_NO_SESSION, "nor an audit session");
    return tap_done();
}
