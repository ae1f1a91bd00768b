/* SPDX-License-Identifier: MIT
 *
 * One local uid cannot make authcd write without end, and does not use up another's share.
 */
#include "budget.h"

#include "tap.h"

static int take(struct budget *b, uint32_t uid, int64_t from_ms, int64_t to_ms, int64_t step_ms)
{
    int got = 0;

    for (int64_t now_ms = from_ms; now_ms < to_ms; now_ms += step_ms)
        got += budget_take(b, uid, now_ms);
    return got;
}

int main(void)
{
    static struct budget b;

    is_int(take(&b, 1000, 500, 1500, 1), BUDGET_BURST + 1, "a second of a flood: the burst, and what came back");
    is_int(take(&b, 1000, 1500, 11500, 1), 10 * BUDGET_PER_S, "then so many a second");
    is_int(take(&b, 1001, 11500, 12500, 10), 100, "another uid has its own");
    is_int(take(&b, 1000, 1000000, 1000200, 1), BUDGET_BURST, "who waited has the burst again");
    is_int(take(&b, 1000, 900000, 900010, 1), 0, "a clock that goes back gives nothing");
    return tap_done();
}
