/* SPDX-License-Identifier: MIT
 *
 * Packets as the PAM module and authctl receive them: replies. Whatever decodes must encode to the same bytes, and
 * whatever does not must leave the struct as it was (W1, W8, S8).
 */
#include "msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct msg m, before;
    static unsigned char again[PROTOCOL_PACKET_MAX];
    memset(&m, 0xa5, sizeof m);
    memset(&before, 0xa5, sizeof before);
    size_t len = 0;
    if (msg_decode(data, size, &m) < 0) {
        if (memcmp(&m, &before, sizeof m) != 0)
            abort();
        return 0;
    }
    if (msg_type(m.number)->direction != MSG_REPLY)
        return 0;
    if (msg_encode(&m, again, sizeof again, &len) < 0 || len != size || memcmp(again, data, size) != 0)
        abort();
    return 0;
}
