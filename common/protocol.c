/* SPDX-License-Identifier: MIT
 *
 * Texts of the numbers in protocol.h. What a verdict means to PAM is pam_authc/outcome's business, not ours.
 */
#include "protocol.h"

const char *verdict_text(uint32_t v)
{
    switch (v) {
#define VERDICT(name, value, text)                                                                                     \
    case value:                                                                                                        \
        return text;
#include "verdict.def"
#undef VERDICT
    default:
        return "unknown verdict";
    }
}
