"""An audit hook that sees what a check of a stranger's file must not do."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import netspec

PACKAGE = Path(netspec.__file__).parent
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FORBIDDEN = re.compile(
    r"os\.(mkdir|rename|remove|rmdir|link|symlink|truncate|chmod|chown|utime|fork|forkpty|exec"
    r"|posix_spawn|spawn|system|startfile|kill|setxattr)|subprocess\.|socket\.|shutil\."
    r"|ctypes\.|pty\.|tempfile\.|urllib\.|ftplib\.|http\.|webbrowser\."
)


class Watch:
    """An audit hook, which takes note of what a check must not do."""

    def __init__(self, folder: Path) -> None:
        self.on = False
        self.seen: list[str] = []
        places = {sys.prefix, sys.base_prefix, sys.exec_prefix, str(PACKAGE), str(folder)}
        self.readable = tuple(sorted(places))
        sys.addaudithook(self._audited)

    def _audited(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            path, mode, flags = args
            writes = (isinstance(mode, str) and set(mode) & set("wax+")) or flags & _WRITES
            if writes:
                self.seen.append(f"opens for writing {path!r:.80}")
            elif (
                isinstance(path, str) and os.path.isabs(path) and not path.startswith(self.readable)
            ):
                self.seen.append(f"opens {path!r:.80}")
        elif _FORBIDDEN.match(event):
            self.seen.append(f"{event} {args!r:.80}")
