"""Text from a file, made safe to print: no terminal escapes, no marks that reorder a line."""

from __future__ import annotations

import re

# control characters, soft hyphen, zero-width and bidirectional marks, line separators, the
# byte-order mark, variation selectors, tags, and what has no meaning alone
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff]"
)


def safe(text: str) -> str:
    """`text` with every unsafe character written as `\\u202e`; a tab becomes a space."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code == 9:
        return " "
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
