/* SPDX-License-Identifier: MIT
 *
 * What a handler wants done, built up reply by reply. Replies are encoded at once: an answer that the wire cannot carry
 * is the handler's failure, and rolls its transaction back.
 */
#include "step.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

void step_clear(struct step *s)
{
    for (struct reply *r = s->first, *next; r != NULL; r = next) {
        next = r->next;
        explicit_bzero(r->bytes, r->len);
        free(r);
    }
    password_job_free(s->job);
    *s = (struct step){0};
}

int step_reply(struct step *s, const struct msg *m)
{
    unsigned char *packet = malloc(PROTOCOL_PACKET_MAX);
    if (packet == NULL)
        return -ENOMEM;
    size_t len = 0;
    int error = msg_encode(m, packet, PROTOCOL_PACKET_MAX, &len);
    struct reply *r = error < 0 ? NULL : malloc(sizeof *r + len);
    if (r != NULL) {
        r->next = NULL;
        r->len = len;
        memcpy(r->bytes, packet, len);
        *(s->last == NULL ? &s->first : &s->last->next) = r;
        s->last = r;
    } else if (error == 0)
        error = -ENOMEM;
    explicit_bzero(packet, len);
    free(packet);
    return error;
}

int step_refuse(struct step *s, enum refusal error, const char *format, ...)
{
    struct msg m = {.number = MSG_refused, .refused = {.error = (uint8_t)error}};
    va_list ap;
    va_start(ap, format);
    text_cut(m.refused.text, sizeof m.refused.text, format, ap);
    va_end(ap);
    return step_reply(s, &m);
}

int step_end(struct step *s, uint32_t count, int64_t cursor)
{
    return step_reply(s, &(struct msg){.number = MSG_end, .end = {.count = count, .cursor = cursor}});
}
