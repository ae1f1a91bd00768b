/* SPDX-License-Identifier: MIT
 *
 * See budget.h.
 */
#include "budget.h"

bool budget_take(struct budget *b, uint32_t uid, int64_t now_ms)
{
    int64_t *since_ms = &b->rows[uid % BUDGET_ROWS].since_ms, *spent = &b->rows[uid % BUDGET_ROWS].spent;
    int64_t back = (now_ms - *since_ms) * BUDGET_PER_S; /* a thousandth a millisecond, times what a second gives */

    if (back > 0)
        *spent = *spent > back ? *spent - back : 0;
    *since_ms = now_ms;
    if (*spent + 1000 > (int64_t)BUDGET_BURST * 1000)
        return false;
    *spent += 1000;
    return true;
}
