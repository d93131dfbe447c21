"""What layers, blocks and parameters may be called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from keyword import iskeyword
from typing import Final

from netspec.compiler.language import foreign_names as foreign
from netspec.compiler.language.python_code import entries_of_code
from netspec.compiler.language.said import said
from netspec.compiler.language.translation import changed, layer_entries, layer_names
from netspec.diagnostics import Diagnostic, Span, nearest
from netspec.ops import OPS
from netspec.source import Node

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
    """NS208 for a name that a layer cannot have, or None."""
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


def unknown_layer(
    name: str, span: Span, blocks: tuple[str, ...], value: Node | None = None, ndim: int = 2
) -> Diagnostic:
    """NS205, with the layers that another tool calls so, or the nearest layer or block.

    `value` holds the arguments, where there are some; `ndim` is the number of spatial dimensions.
    """
    return Diagnostic(
        "NS205", f"there is no layer {said(name)}", span, (), _hint(name, blocks, value, ndim)
    )


def _hint(name: str, blocks: tuple[str, ...], value: Node | None, ndim: int) -> str:
    if "(" in name:
        entries = entries_of_code(name, ndim)
        if entries:
            return write(entries)
    base = name.split("(")[0].rpartition(".")[2]  # of `nn.ReLU` and `Conv2d(8, 3)`
    declared = [block for block in blocks if block.lower() == base.lower()]
    hint = None if declared else foreign_hint(base, value, ndim)
    if hint and "(" not in name:
        return hint
    near = layer_like(base, (*blocks, "Sequential"), name)
    if near is not None and near[-2:] in ("1d", "2d", "3d") and not re.search("[123]", base):
        fitting = f"{near[:-2]}{ndim}d"
        near = fitting if fitting in OPS else near
    if near and "(" in name:
        return f"write its arguments as a mapping: `{near}: {{…}}`"
    if near:
        return f"did you mean `{near}`?"
    if name[:1].islower():
        return "a layer's name is PascalCase, as torch writes it: `ReLU`"
    return "`netspec ops` lists the layers; declare one of your own under `blocks:`"


def write(entries: Iterable[str]) -> str:
    """The hint that offers entries."""
    return "write " + ", then ".join(f"`{entry}`" for entry in entries)


def foreign_hint(name: str, value: Node | None, ndim: int) -> str | None:
    """How another tool's layer is written here; None for a name that no tool has."""
    known = foreign.looked_up(foreign.LAYERS, name) or foreign.ACTIVATIONS.get(foreign.folded(name))
    if known or (value is not None and layer_names(name, ndim)):
        entries = layer_entries(name, value, ndim)
        if entries and not changed(name, value, entries, ndim):
            return f"did you mean `{entries[0].partition(':')[0]}`?"
        if entries:
            return write(entries)
    if known:
        names = [entry.partition(":")[0] for entry in layer_names(name, ndim) or ()]
        if len(names) > 1:
            return "write " + ", then ".join(f"`{entry}`" for entry in names)
        return f"did you mean `{names[0]}`?"
    absent = foreign.looked_up(foreign.ABSENT, name)
    if absent:
        return f"{absent} are not offered: write one in Python, and give it with `--plugin`"
    composed = foreign.looked_up(foreign.COMPOSED, name)
    return f"declare a block of it under `blocks:`: {composed}" if composed else None
