/* SPDX-License-Identifier: MIT
 *
 * A wrapper for each FAULT line of module.symbols: asks the program that loaded the module whether this call fails, and
 * makes the real one otherwise. Outputs stay untouched by a call that fails.
 */
#include "fault.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <security/pam_modules.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* clang-format off */
#define SURVIVES(value, error) {FAULT_SURVIVES, (value), (error)}
#define FAILS(value, error) {FAULT_FAILS, (value), (error)}
#define DENIES(value, error) {FAULT_DENIES, (value), (error)}
#define DENIES_IF(condition, value, error) {(condition) ? FAULT_DENIES : FAULT_SURVIVES, (value), (error)}
#define ABSENT(value, error) {FAULT_ABSENT, (value), (error)}
/* clang-format on */
#define SAFE(name, why)
#define FAULT(type, name, parameters, arguments, ...)                                                                  \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        const struct fault_result results[] = {__VA_ARGS__};                                                           \
        const struct fault_result *r = fault_now(FAULT_##name, results, sizeof results / sizeof results[0]);           \
        if (r == NULL)                                                                                                 \
            return __real_##name arguments;                                                                            \
        errno = r->error;                                                                                              \
        return (type)r->value;                                                                                         \
    }
#include "module.symbols"
