"""A file and the specs that it extends → one root mapping."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from netspec.diagnostics import Diagnostic, Note, Span, SpecError, nearest
from netspec.source import MAX_BYTES, Mapping, Node, Scalar, Source, decode, parse

CHANGES = (
    "netspec",
    "extends",
    "name",
    "description",
    "params",
    "input",
    "inputs",
    "init",
    "train",
)
MAX_CHAIN = 8


class Extended(NamedTuple):
    """The spec as given, its merged root, and every file that was read."""

    source: Source
    root: Mapping
    sources: tuple[Source, ...]


def read(path: str) -> Source:
    """Read and parse one file. Raises `SpecError` (NS101 and what `parse` raises)."""
    return parse(decode(_bytes(path, Span(path, 1, 1, 1, 1)), path), path)


def _bytes(path: str, span: Span) -> bytes:
    try:
        with open(path, "rb", opener=_regular) as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        folder = os.path.dirname(path) or "."
        near = _near(folder, os.path.basename(path))
        hint = f"did you mean `{os.path.join(os.path.dirname(path), near)}`?" if near else None
        message = f"there is no file `{path}`"
        if os.path.islink(path):
            message = f"`{path}` is a link to `{os.readlink(path)}`, which is not there"
        raise _error("NS101", message, span, hint) from None
    except IsADirectoryError:
        hint = "name a spec; `netspec init NAME --data FOLDER` writes one for a folder of images"
        raise _error("NS101", f"`{path}` is a folder", span, hint) from None
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else str(problem)
        why = (why or str(problem)).lower()
        raise _error("NS101", f"`{path}` cannot be read: {why}", span) from None


def _regular(path: str, flags: int) -> int:
    """Open without waiting, and only what is a regular file: a pipe or a device never ends."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(path)
        raise OSError(0, "it is not a regular file")
    return handle


def extend(source: Source) -> Extended:
    """Follow `extends` and merge. Raises `SpecError` (NS110, NS308)."""
    chain = [source]
    tree = os.path.realpath(os.path.dirname(source.name) or ".")
    seen = {os.path.realpath(source.name)}
    while "extends" in chain[-1].root.items:
        last = chain[-1]
        node = last.root.items["extends"]
        path = _target(node, last, tree)
        real = os.path.realpath(path)
        if real in seen:
            raise _error(
                "NS110", f"`{_said(node)}` extends itself in a circle", node.span, "cut the circle"
            )
        if len(chain) >= MAX_CHAIN:
            raise _error("NS110", f"more than {MAX_CHAIN} specs extend one another", node.span)
        seen.add(real)
        if not os.path.exists(path):
            folder = os.path.dirname(path) or "."
            near = _near(folder, os.path.basename(path))
            beside = os.path.join(os.path.dirname(_said(node)), near or "")
            hint = f"did you mean `{beside}`?" if near else "the path is relative to this file"
            raise _error("NS110", f"there is no file `{_said(node)}`", node.span, hint)
        chain.append(parse(decode(_bytes(path, node.span), path), path))
    root = chain[-1].root
    for child in reversed(chain[:-1]):
        root = _merge(root, child.root)
    return Extended(source, root, tuple(chain))


def _near(folder: str, name: str) -> str | None:
    """The spec in the folder whose name is most like this one."""
    try:
        with os.scandir(folder) as entries:  # a folder may hold any number of files
            names = [e.name for e, _ in zip(entries, range(2_000), strict=False)]
    except OSError:
        return None
    others = (n for n in names if n.endswith((".yaml", ".yml")) and n != name)
    return nearest(name, sorted(others))  # a dangling link is there, and is no answer


def _said(node: Node) -> str:
    return str(node.value) if isinstance(node, Scalar) else ""


def _target(node: Node, source: Source, tree: str) -> str:
    """The path that `extends` names, held inside the spec's own tree."""
    path = node.value if isinstance(node, Scalar) else None
    if not isinstance(path, str) or not path:
        raise _error("NS110", "`extends` is the path of a spec", node.span)
    if "://" in path or path.startswith(("http:", "https:", "file:")):
        hint = "copy the file beside this one"
        raise _error("NS110", "`extends` is a path, and never a URL", node.span, hint)
    if "\0" in path or "\\" in path:
        raise _error("NS110", f"`{path}` is not a path", node.span, "write it with `/`")
    if os.path.isabs(path) or path.startswith("~"):
        hint = "write it relative to this file"
        raise _error("NS110", f"`{path}` is not a relative path", node.span, hint)
    joined = os.path.join(os.path.dirname(source.name), path)
    real = os.path.realpath(joined)
    if os.path.commonpath([real, tree]) != tree:
        hint = "a spec extends specs in its own folder, or in folders of that"
        raise _error("NS110", f"`{path}` leads out of the spec's own folder", node.span, hint)
    return joined


def _merge(parent: Mapping, child: Mapping) -> Mapping:
    findings: list[Diagnostic] = []
    items, keys = dict(parent.items), dict(parent.keys)
    for gone in ("extends", "name"):  # a variant is not its parent
        items.pop(gone, None)
        keys.pop(gone, None)
    for key, node in child.items.items():
        if key not in CHANGES:
            known = "`, `".join(k for k in CHANGES if k not in ("netspec", "extends"))
            message = f"a spec that extends another cannot change `{key}`"
            hint = f"it changes `{known}`; for another network, write its own spec"
            findings.append(Diagnostic("NS110", message, child.keys[key], (), hint))
        elif key == "params" and isinstance(node, Mapping):
            items[key] = _params(parent, node, findings)
        elif key == "train" and isinstance(node, Mapping) and key in items:
            items[key] = _train(items[key], node)
        elif key != "extends":
            items[key] = node
        keys[key] = child.keys[key]
    keys.pop("extends", None)
    if findings:
        raise SpecError(tuple(findings))
    return Mapping(items, keys, child.span)


def _params(parent: Mapping, node: Mapping, findings: list[Diagnostic]) -> Mapping:
    declared = parent.items.get("params")
    old = declared if isinstance(declared, Mapping) else Mapping({}, {}, node.span)
    items, keys = dict(old.items), dict(old.keys)
    for name, value in node.items.items():
        if name not in old.items:
            near = nearest(name, list(old.items))
            known = ", ".join(f"`{k}`" for k in old.items) or "none"
            hint = f"did you mean `{near}`?" if near else f"its parameters are {known}"
            notes = (Note("the extended spec declares its parameters here", old.span),)
            message = f"the extended spec has no parameter `{name}`"
            findings.append(Diagnostic("NS308", message, node.keys[name], notes, hint))
        items[name], keys[name] = value, node.keys[name]
    return Mapping(items, keys, node.span)


def _train(parent: Node, child: Mapping) -> Node:
    """The child's settings over the parent's; `data` is merged in turn, others are replaced."""
    if not isinstance(parent, Mapping):
        return child
    items, keys = dict(parent.items), dict(parent.keys)
    for key, node in child.items.items():
        old = items.get(key)
        if key == "data" and isinstance(old, Mapping) and isinstance(node, Mapping):
            node = Mapping({**old.items, **node.items}, {**old.keys, **node.keys}, node.span)
        items[key], keys[key] = node, child.keys[key]
    return Mapping(items, keys, child.span)


def _error(code: str, message: str, span: Span, hint: str | None = None) -> SpecError:
    return SpecError((Diagnostic(code, message, span, (), hint),))
