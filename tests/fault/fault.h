/* SPDX-License-Identifier: MIT
 *
 * Between the wrappers (wrap.c), which are linked into a module for tests, and the program that loads it and says which
 * call is to fail (module.c).
 */
#ifndef FAULT_H
#define FAULT_H

#include <stddef.h>
#include <stdint.h>

enum fault_symbol {
#define FAULT(type, name, ...) FAULT_##name,
#define SAFE(name, why)
#include "module.symbols"
#undef FAULT
#undef SAFE
    FAULT_conv, /* the application's conversation, which no linker knows */
    FAULT_COUNT
};

enum fault_kind { FAULT_SURVIVES, FAULT_FAILS, FAULT_DENIES, FAULT_ABSENT };

struct fault_result {
    enum fault_kind kind;
    intptr_t value; /* what the call returns */
    int error;      /* what it leaves in errno */
};

/* The program's: one call of symbol, which can end in any of n results. Which of them it shall be; NULL: make the real
 * call. */
const struct fault_result *fault_now(enum fault_symbol symbol, const struct fault_result *results, size_t n);

#endif
