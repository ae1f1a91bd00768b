/* SPDX-License-Identifier: MIT
 *
 * Draws what libqrencode computes. Lowest error correction: a screen has no scratches, and a smaller code fits more
 * terminals. The picture holds a secret if the text does: libqrencode's copy of it is wiped, its working memory is not.
 */
#include "qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>
#include <string.h>

enum { MARGIN = 2 }; /* light modules around: the standard says 4, scanners take 2 */

static void code_free(QRcode **code)
{
    if (*code != NULL && (*code)->data != NULL)
        explicit_bzero((*code)->data, (size_t)(*code)->width * (size_t)(*code)->width);
    QRcode_free(*code);
}

/* Is the module at x, y light? So is all that lies around the code. */
static bool light(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return true;
    return (code->data[y * code->width + x] & 1) == 0;
}

static int append(char *out, size_t cap, size_t *len, const char *s)
{
    size_t n = strlen(s);
    if (n >= cap - *len)
        return -EMSGSIZE;
    memcpy(out + *len, s, n + 1);
    *len += n;
    return 0;
}

static int draw(const QRcode *code, char *out, size_t cap)
{
    static const char *const blocks[] = {" ", "\xe2\x96\x84", "\xe2\x96\x80",
                                         "\xe2\x96\x88"}; /* none, lower, upper, both */
    size_t len = 0;
    int error = 0;
    for (int y = -MARGIN; y < code->width + MARGIN && error == 0; y += 2) {
        for (int x = -MARGIN; x < code->width + MARGIN && error == 0; x++) {
            /* An odd width leaves half a line over: nothing is drawn below the margin. */
            bool lower = y + 1 < code->width + MARGIN && light(code, x, y + 1);
            error = append(out, cap, &len, blocks[(light(code, x, y) ? 2 : 0) + (lower ? 1 : 0)]);
        }
        if (error == 0)
            error = append(out, cap, &len, "\n");
    }
    return error;
}

int qr_text(const char *text, char *out, size_t cap)
{
    out[0] = '\0';
    __attribute__((cleanup(code_free))) QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
    if (code == NULL)
        return errno == ENOMEM ? -ENOMEM : -EMSGSIZE;
    int error = draw(code, out, cap);
    if (error < 0)
        explicit_bzero(out, cap);
    return error;
}
