/* SPDX-License-Identifier: MIT
 *
 * The picture of a QR code: a square of half blocks, light around, that fits a message or is not there at all.
 */
#include "qr.h"

#include <errno.h>
#include <stdbool.h>

#include "msg.h"
#include "tap.h"
#include "text.h"

static size_t columns(const char *line, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)line[i] & 0xc0) != 0x80;
    return n;
}

static void test_shape(void)
{
    static char out[sizeof((struct msg_row_enrolment *)NULL)->qr];
    is_int(qr_text("otpauth://totp/host:ada?secret=JBSWY3DPEHPK3PXP", out, sizeof out), 0, "a QR code");
    ok(text_is_utf8(out, strlen(out)), "is UTF-8");
    size_t lines = 0, width = 0;
    bool square = true;
    for (const char *at = out, *end; *at != '\0'; at = end + 1, lines++) {
        end = strchr(at, '\n');
        size_t n = columns(at, (size_t)(end - at));
        square = square && (lines == 0 || n == width);
        width = n;
    }
    ok(square && lines == (width + 1) / 2 && (width - 4 - 17) % 4 == 0, "%zu columns in %zu lines", width, lines);
    ok(strncmp(out, "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88", 9) == 0, "with a light margin");
    const char *second = strchr(out, '\n') + 1;
    ok(strncmp(second, "\xe2\x96\x88\xe2\x96\x88 \xe2\x96\x84\xe2\x96\x84\xe2\x96\x84\xe2\x96\x84\xe2\x96\x84 ", 23) ==
           0,
       "and the finder's dark ring with its light one inside");
}

static void test_too_long(void)
{
    static char out[6145], text[4001];
    memset(out, 'x', sizeof out);
    memset(text, 'a', 4000);
    is_int(qr_text(text, out, sizeof out), -EMSGSIZE, "no QR code holds this");
    is_str(out, "", "so there is none");
    text[400] = '\0';
    is_int(qr_text(text, out, sizeof out), -EMSGSIZE, "this picture does not fit the message");
    is_str(out, "", "so there is none");
    text[220] = '\0';
    is_int(qr_text(text, out, sizeof out), 0, "this one does");
    is_int(qr_text("short", out, 1), -EMSGSIZE, "no room at all");
}

int main(void)
{
    test_shape();
    test_too_long();
    return tap_done();
}
