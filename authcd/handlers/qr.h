/* SPDX-License-Identifier: MIT
 *
 * A QR code as text for a terminal: two rows of modules a line, by Unicode half blocks, light modules drawn and dark
 * ones left empty, which is right on a dark background and read by phones on a light one as well.
 */
#ifndef QR_H
#define QR_H

#include <stddef.h>

/* -EMSGSIZE: the text is too long, or its picture for out; -ENOMEM. out is empty on failure. cap > 0. */
int qr_text(const char *text, char *out, size_t cap) __attribute__((warn_unused_result));

#endif
