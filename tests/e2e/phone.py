# SPDX-License-Identifier: MIT
#
# An authenticator app's eyes: the picture in what a terminal showed, read by zbar, and the secret in the address that it
# stands for. Half blocks are two modules each, one above the other; what is drawn is light, as on a dark terminal.
"""Scans the QR code on a terminal (see the comment above)."""
import re

from pyzbar import pyzbar

UPPER, LOWER = "▀█", "▄█"
SCALE = 4  # pixels of a module


def _row(line, blocks, width):
    pixels = b"".join((b"\xff" if letter in blocks else b"\0") * SCALE for letter in line.ljust(width))
    return pixels * SCALE


def scan(text):
    """What the last picture in the text says; "" if no phone could read one."""
    lines = [line for line in text.replace("\r", "").split("\n")]
    pictures = re.findall(r"(?:^[ ▀▄█]{21,}\n)+", "\n".join(lines) + "\n", re.M)
    if not pictures:
        return ""
    lines = pictures[-1].splitlines()
    width = max(len(line) for line in lines)
    pixels = b"".join(_row(line, UPPER, width) + _row(line, LOWER, width) for line in lines)
    found = pyzbar.decode((pixels, width * SCALE, 2 * len(lines) * SCALE))
    return found[0].data.decode() if found else ""
