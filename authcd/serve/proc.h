/* SPDX-License-Identifier: MIT
 *
 * What the kernel says of another process, read from /proc. All of it is a hint: a process may be gone, or another one
 * by now; whoever uses it also checks something that cannot be taken over (a uid, a pidfd).
 */
#ifndef PROC_H
#define PROC_H

#include <stdint.h>

/* The kernel's audit session, which ties a process to the login that it came from; PROTOCOL_NO_SESSION if there is none
 * or it cannot be told. */
uint32_t proc_audit_session(int64_t pid);

/* When it was started, in clock ticks since boot (field 22 of proc(5)'s stat); 0 if it cannot be told. */
int64_t proc_started(int64_t pid);

#endif
