"""What layers, blocks and parameters may be called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from keyword import iskeyword
from typing import Final

from netspec.compiler.language.said import said
from netspec.diagnostics import Diagnostic, Span, nearest
from netspec.ops import OPS

PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_-]+\Z")
"""A layer's name, as torch has it in `state_dict`."""
PARAM_NAME: Final = re.compile(r"[a-z_][A-Za-z0-9_]*\Z")
BLOCK_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9]*\Z")

# The attributes of every torch.nn.Sequential, which a child may not hide. A test compares the
# list with torch's own.
TAKEN_BY_TORCH = frozenset(
    [
        "T_destination",
        "add_module",
        "append",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extend",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "insert",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "pop",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
    ]
)


def unfit_name(name: str, span: Span) -> Diagnostic | None:
    """NS208 for a name that a layer cannot have, or None; with dots, each part is one."""
    if "." in name:
        return _unfit_parts(name, span)
    if not PLAIN_NAME.match(name):
        message, hint = (
            f"{said(name)} cannot name a layer",
            "a name has letters, digits, `_` and `-`",
        )
    elif name.startswith("_"):
        message, hint = f"`{name}` cannot name a layer", "a name starts with a letter or a digit"
    elif name in TAKEN_BY_TORCH or name == "input":
        why = "stands for a block's input" if name == "input" else "is a name that torch uses"
        message, hint = f"`{name}` {why}", f"call it `{name}_1`, or something else"
    else:
        return None
    return Diagnostic("NS208", message, span, (), hint)


def _unfit_parts(name: str, span: Span) -> Diagnostic | None:
    parts = name.split(".")
    if not all(parts):
        hint = "a name stands on each side of a dot, as in `convs.0`"
        return Diagnostic("NS208", f"{said(name)} cannot name a layer", span, (), hint)
    return next(filter(None, (unfit_name(part, span) for part in parts)), None)


def unfit_variable(name: str, what: str, span: Span) -> Diagnostic | None:
    """NS208 for a name that no expression could mention, or None; `what` is what it would name."""
    if iskeyword(name):
        hint = f"`{name}` is a word of expressions: call it `{name}_`, or something else"
    elif not PARAM_NAME.match(name) or name in ("input", "index", "true", "false", "null"):
        hint = "write a lower_snake name, and not `input` or `index`"
    else:
        return None
    return Diagnostic("NS208", f"`{name}` cannot name {what}", span, (), hint)


def layer_like(word: str, blocks: Iterable[str], written: str) -> str | None:
    """The layer or block that `word`, a part of what is `written`, was meant to be, or None."""
    known = [*filter(BLOCK_NAME.match, blocks), *OPS]
    return word if word in known and word != written else nearest(word, known)


def recased(word: str, blocks: Iterable[str]) -> str | None:
    """The layer or block that is `word` but for case and `_`, or None."""
    near = layer_like(word, blocks, word)
    same = near is not None and near.lower() == word.replace("_", "").lower()
    return near if same else None
