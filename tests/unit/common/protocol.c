/* SPDX-License-Identifier: MIT
 *
 * Verdicts are far from each other and from every truth value, so that no slip turns one into another (M3).
 */
#include "protocol.h"

#include <stdbool.h>

#include "tap.h"

static const struct {
    uint32_t value;
    const char *text;
} verdicts[] = {
#define VERDICT(name, value, text) {value, text},
#include "verdict.def"
#undef VERDICT
};
enum { N = sizeof verdicts / sizeof *verdicts };

int main(void)
{
    bool far = true, odd = true, told = true;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < i; j++)
            far = far && __builtin_popcount(verdicts[i].value ^ verdicts[j].value) == 16;
        odd = odd && verdicts[i].value > 0xffff && verdicts[i].value < (uint32_t)-4096;
        told = told && strcmp(verdict_text(verdicts[i].value), verdicts[i].text) == 0;
    }
    ok(far, "any two verdicts differ in 16 of 32 bits");
    ok(odd, "none is 0, 1, -1, a PAM code or an errno");
    ok(told, "each has its text");
    is_int(verdicts[0].value, VERDICT_DENIED, "DENIED comes first");
    is_str(verdict_text(0), "unknown verdict", "0 is no verdict");
    is_str(verdict_text(VERDICT_GRANTED ^ 1), "unknown verdict", "nor is GRANTED with a bit flipped");
    ok(PROTOCOL_PACKET_MAX <= 16384, "a packet is at most 16 KiB");
    return tap_done();
}
