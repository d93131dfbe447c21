"""A client of the real yaml-language-server, which speaks LSP over its standard streams."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from queue import Empty, Queue
from typing import Any

VERSION = "2.0.0"
FOLDER = Path(__file__).parent.parent / "build" / "editor"
"""Where `npm` puts it; git ignores the folder."""

SERVER = FOLDER / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
SECONDS = 60


class Unavailable(Exception):
    """There is no server here, and none can be had; says why."""


def installed() -> Path:
    """The server's program, installed once. Raises `Unavailable`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None:
        raise Unavailable("node is not installed")
    if SERVER.exists():
        return SERVER
    if npm is None:
        raise Unavailable("npm is not installed")
    FOLDER.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as fresh:
        command = [npm, "install", "--no-fund", "--no-audit", f"yaml-language-server@{VERSION}"]
        try:
            subprocess.run(command, cwd=fresh, check=True, capture_output=True, timeout=180)
        except (subprocess.SubprocessError, OSError) as problem:
            raise Unavailable(f"npm cannot install yaml-language-server: {problem}") from None
        if not FOLDER.exists():  # another process may have been quicker
            os.rename(fresh, FOLDER)
            os.mkdir(fresh)  # for `tempfile` to remove
    return SERVER


class LanguageServer:
    """One running server; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.answers: dict[int, Any] = {}
        self.notices: Queue[dict[str, Any]] = Queue()
        self.arrived = threading.Condition()
        program = [shutil.which("node") or "node", str(installed()), "--stdio"]
        self.process = subprocess.Popen(
            program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> LanguageServer:
        documents = {
            "completion": {"completionItem": {"documentationFormat": ["markdown", "plaintext"]}},
            "publishDiagnostics": {},
            "hover": {"contentFormat": ["markdown"]},
        }
        self.ask(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": self.folder.as_uri(),
                "capabilities": {
                    "textDocument": documents,
                    "workspace": {"configuration": True},
                },
            },
        )
        self.tell("initialized", {})
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()

    # the wire

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self.process.stdin.flush()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        try:
            while line := stream.readline():
                length = 0
                while line.strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                    line = stream.readline()
                self._take(json.loads(stream.read(length)))
        except ValueError:  # the stream was closed
            return

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            with self.arrived:
                self.answers[message["id"]] = message.get("result")
                self.arrived.notify_all()
        elif "id" in message:  # the server asks
            self._send({"id": message["id"], "result": self._answer(message)})
        else:
            self.notices.put(message)

    def _answer(self, message: dict[str, Any]) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        yaml = {
            "validate": True,
            "hover": True,
            "completion": True,
            "schemaStore": {"enable": False},
        }
        known = {"yaml": yaml}
        return [known.get(item.get("section", ""), {}) for item in message["params"]["items"]]

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """A request's result."""
        self.count += 1
        number = self.count
        self._send({"id": number, "method": method, "params": params})
        with self.arrived:
            if not self.arrived.wait_for(lambda: number in self.answers, SECONDS):
                raise TimeoutError(f"no answer to {method}")
            return self.answers.pop(number)

    def tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    # what an editor does

    def open(self, text: str) -> str:
        """Open a document with this text; its address."""
        self.count += 1
        uri = (self.folder / f"open{self.count}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def diagnostics(self, text: str) -> list[dict[str, Any]]:
        """What the server marks in a text."""
        (found,) = self.diagnostics_of([text])
        return found

    def diagnostics_of(self, texts: Iterable[str]) -> list[list[dict[str, Any]]]:
        """What it marks in each of several texts, all opened before it looks at the first.

        It waits a while before it looks at a text, in case that more is typed.
        """
        uris = [self.open(text) for text in texts]
        found: dict[str, list[dict[str, Any]]] = {}
        while not found.keys() >= {*uris}:
            try:
                notice = self.notices.get(timeout=SECONDS)
            except Empty:
                raise TimeoutError("no diagnostics") from None
            if notice["method"] == "textDocument/publishDiagnostics":
                found.setdefault(notice["params"]["uri"], notice["params"]["diagnostics"])
        return [found[uri] for uri in uris]

    def completions(self, text: str) -> dict[str, dict[str, Any]]:
        """What is offered at the `|` in a text, by its label."""
        before, after = text.split("|")
        where = self._position(before)
        result = self.ask(
            "textDocument/completion",
            {"textDocument": {"uri": self.open(before + after)}, "position": where},
        )
        items = result["items"] if isinstance(result, dict) else result
        return {item["label"]: item for item in items or ()}

    def hover(self, text: str) -> str:
        """What is shown for the word at the `|`."""
        before, after = text.split("|")
        result = self.ask(
            "textDocument/hover",
            {
                "textDocument": {"uri": self.open(before + after)},
                "position": self._position(before),
            },
        )
        return str(result["contents"]["value"]) if result else ""

    def _position(self, before: str) -> dict[str, int]:
        line = before.count("\n")
        return {"line": line, "character": len(before) - before.rfind("\n") - 1}
