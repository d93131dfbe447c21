"""Nodes → a `Document`: the schema holds, and every entry is one layer or a sequence."""

from __future__ import annotations

import re
from dataclasses import replace

from netspec.compiler.language.document import (
    PARAM_TYPES,
    SECTIONS,
    Block,
    Document,
    InputEntry,
    Param,
)
from netspec.compiler.language.names import (
    BLOCK_NAME,
    TAKEN_BY_TORCH,
    unfit_variable,
)
from netspec.compiler.language.records import is_layer, layers_within, unfit_fields
from netspec.compiler.language.said import said
from netspec.compiler.language.schema_validation import check, kind, missing_keys, unknown_key
from netspec.compiler.validating.argument_checks import is_null
from netspec.compiler.validating.entries import Entries, has_expression, words
from netspec.compiler.validating.init_rules import init_rules
from netspec.diagnostics import Diagnostic, Span
from netspec.ops import OPS
from netspec.source import START, Mapping, Node, Scalar, Sequence, Source, plain

_ESSENTIAL = frozenset(["netspec", "extends", "input", "inputs", "layers", "blocks"])
"""Sections of which every spec has one."""


def validate(source: Source, root: Mapping, sources: tuple[Source, ...]) -> Document:
    """Accept a spec, or raise `SpecError` with everything that is wrong with its form."""
    return _Validator(source, root, sources).document()


class _Validator(Entries):
    def __init__(self, source: Source, root: Mapping, sources: tuple[Source, ...]) -> None:
        super().__init__()
        self.source, self.root, self.sources = source, root, sources
        self.train: Mapping | None = None
        own = root.items.get("blocks")
        self.named_blocks = frozenset(own.items if isinstance(own, Mapping) else ())
        self.in_defaults: list[Mapping] = []  # layers with arguments, which may be of any block
        shape = root.items.get("input")
        if isinstance(shape, Sequence) and 2 <= len(shape.items) <= 4:
            self.ndim = len(shape.items) - 1
        self.beside: list[Diagnostic] = []  # in `train` and `init`, of which no shape depends

    def document(self) -> Document:
        items = self.root.items
        self.require_a_spec()
        for key in items:
            self.section(key)
        self.require_sections()
        self.version(items.get("netspec"))
        params = self.params(items.get("params"), "the spec")
        blocks = self.blocks(items.get("blocks"))
        for layer in self.in_defaults:
            self.layer_with_arguments(layer)
        init = init_rules(items.get("init"), self.beside.append)
        layers = self.body(items["layers"], "`layers`") if "layers" in items else None
        if self.findings or layers is None:
            self.findings = sorted([*self.findings, *self.beside], key=lambda found: found.span)
            self.fail()
        return Document(
            source=self.source,
            root=self.root,
            name=_word(items.get("name")) or _stem(self.source.name),
            params=params,
            inputs=_inputs(items),
            blocks=blocks,
            layers=layers,
            outputs=_mapping(items.get("outputs")),
            init=init,
            train=self.train,
            sources=self.sources,
            findings=tuple(self.beside),
        )

    def section(self, key: str) -> None:
        """Check the form of one section, but of those that are read entry by entry."""
        value = self.root.items[key]
        if key not in SECTIONS:
            self.report(unknown_key(key, self.root.keys[key], "a spec", list(SECTIONS)))
            self.lost_blocks |= "blocks" not in self.root.items
        elif key == "train":
            before = len(self.beside)
            check(value, self.schema["properties"][key], f"`{key}`", self.beside.append)
            self.train = _mapping(value) if len(self.beside) == before else None
        elif key not in ("params", "blocks", "layers", "init"):
            before = len(self.findings)
            check(value, self.schema["properties"][key], f"`{key}`", self.report)
            found = self.findings[before:]
            if key == "inputs" and not found and isinstance(value, Mapping):
                self.input_names(value)
            if key == "input" and found and found[-1].hint is None:
                hint = "write `[channels, height, width]`: the batch is implied"
                self.findings[-1] = replace(self.findings[-1], hint=hint)

    def input_names(self, node: Mapping) -> None:
        """Check what the inputs are called."""
        for name, span in node.keys.items():
            unfit = None if name == "input" else unfit_variable(name, "an input", span)
            if unfit is not None:
                self.report(unfit)
            elif name in TAKEN_BY_TORCH:
                self.say("NS208", f"`{name}` is a name that torch uses", span, "rename it")

    def require_a_spec(self) -> None:
        """Tell a whole file of another tool once, instead of each of its keys."""
        unknown = [key for key in self.root.items if key not in SECTIONS]
        if len(unknown) > 1 and not _ESSENTIAL.intersection(self.root.items):
            message = f"a spec has no `{unknown[0]}`, nor any other of these keys"
            self.say("NS201", message, self.root.keys[unknown[0]], START)
            self.fail()

    def require_sections(self) -> None:
        if any(f.code == "NS201" for f in self.findings):  # one of them is misspelt, perhaps
            return
        items = self.root.items
        if "input" in items and "inputs" in items:
            message = "`input` and `inputs` both say what comes in"
            self.say("NS206", message, self.root.keys["inputs"], "put them all under `inputs`")
        missing = [k for k in ("netspec", "input", "layers") if k not in items]
        if "inputs" in items and "input" in missing:
            missing.remove("input")
        if missing:
            self.report(missing_keys(missing, self.root.span, "a spec"))
            if missing == ["netspec"]:
                hint = "start with `netspec: 1`, the version of the language"
                self.findings[-1] = replace(self.findings[-1], hint=hint)

    def version(self, node: Node | None) -> None:
        if isinstance(node, Scalar) and kind(node.value) == "integer" and node.value != 1:
            message = f"this netspec reads version 1 of the language, not {said(node.value)}"
            self.say("NS207", message, node.span, "write `netspec: 1`")

    # parameters and blocks

    def params(self, node: Node | None, what: str) -> dict[str, Param]:
        params: dict[str, Param] = {}
        if node is None or is_null(node):
            return params
        if not isinstance(node, Mapping):
            hint = "write each parameter with its default: `params: {num_classes: 10}`"
            self.say("NS202", "`params` is a mapping", node.span, hint)
            return params
        for name, value in node.items.items():
            span = node.keys[name]
            unfit = unfit_variable(name, f"a parameter of {what}", span)
            if unfit is not None:
                self.report(unfit)
                continue
            params[name] = self.param(name, value, span)
        return params

    def param(self, name: str, node: Node, span: Span) -> Param:
        value = plain(node)
        a_block = value == "Layer" and "Layer" in self.named_blocks
        typed = isinstance(node, Scalar) and not node.quoted and value in PARAM_TYPES
        if typed and not a_block:
            return Param(name, str(value), None, True, span)
        hint = "give its default, or its type: int, float, bool, str, list, mapping or Layer"
        if has_expression(node):
            self.say("NS202", f"the default of `{name}` cannot be an expression", node.span, hint)
        if not isinstance(node, Scalar):
            for found in unfit_fields(node):
                self.report(found)
            self.in_defaults += layers_within(node)
        kinds = {bool: "bool", int: "int", float: "float", str: "str", list: "list"}
        kinds[dict] = "Layer" if is_layer(value) else "mapping"
        return Param(name, kinds.get(type(value)), value, False, span)

    def blocks(self, node: Node | None) -> dict[str, Block]:
        blocks: dict[str, Block] = {}
        if node is None or is_null(node):
            return blocks
        if not isinstance(node, Mapping):
            hint = "write each block under its name"
            self.say("NS202", "`blocks` is a mapping", node.span, hint)
            return blocks
        for name, value in node.items.items():  # all names first: a block may use a later one
            self.declare_block(name, value, node.keys[name])
        for name, value in node.items.items():
            if isinstance(value, Mapping) and "layers" in value.items:
                blocks[name] = self.block(name, value, node.keys[name])
        return blocks

    def declare_block(self, name: str, value: Node, span: Span) -> None:
        """Check a block's name and keys, and learn its parameters."""
        if not BLOCK_NAME.match(name) or name in OPS or name in ("Sequential", "Parameter"):
            taken = name in OPS or name in ("Sequential", "Parameter")
            why = "is a layer already" if taken else "cannot name a block"
            hint = "choose another name" if taken else "a block is a PascalCase name"
            pascal = "".join(part[:1].upper() + part[1:] for part in re.split("[^A-Za-z0-9]", name))
            if not taken and BLOCK_NAME.match(pascal):
                hint += f", as in `{pascal}`"
            self.say("NS208", f"`{name}` {why}", span, hint)
            self.lost_blocks = True
        if not isinstance(value, Mapping):
            self.say("NS202", f"the block `{name}` is a mapping", value.span,
                     "give it `layers:`, and `params:` where it has any")  # fmt: skip
            self.block_params[name] = {}
            self.broken_blocks.add(name)
            return
        known = ["description", "params", "inputs", "layers", "outputs", "order", "init"]
        wrong = [k for k in value.items if k not in known]
        for key in wrong:
            self.report(unknown_key(key, value.keys[key], f"the block `{name}`", known))
            self.broken_blocks.add(name)
        if "layers" not in value.items and not wrong:
            self.report(missing_keys(["layers"], span, f"the block `{name}`"))
        self.block_params[name] = self.params(value.items.get("params"), f"`{name}`")

    def block_inputs(self, name: str, node: Node | None) -> tuple[str, ...]:
        """What a block calls its inputs: `input`, where it says nothing."""
        if node is None:
            return ("input",)
        before = len(self.findings)
        check(node, self.schema["$defs"]["block"]["properties"]["inputs"], "`inputs`", self.report)
        if len(self.findings) > before or not isinstance(node, Sequence):
            return ("input",)
        for item in node.items:
            word = _word(item)
            unfit = None if word == "input" else unfit_variable(word, "an input", item.span)
            if unfit is not None:
                self.report(unfit)
            elif word in self.block_params[name]:
                message = f"`{word}` is a parameter of `{name}`, and cannot be an input too"
                self.say("NS208", message, item.span, "rename one of them")
        return tuple(_word(item) for item in node.items)

    def block_outputs(self, node: Node | None) -> tuple[tuple[str, str, Span], ...]:
        """What a block gives out, each under its name."""
        if node is None:
            return ()
        before = len(self.findings)
        schema = self.schema["$defs"]["block"]["properties"]["outputs"]
        check(node, schema, "`outputs`", self.report)
        if len(self.findings) > before or not isinstance(node, Mapping):
            return ()
        for name, span in node.keys.items():
            self.child_name(name, span)
        return tuple((name, _word(item), item.span) for name, item in node.items.items())

    def block(self, name: str, value: Mapping, span: Span) -> Block:
        """Read a block's layers, and what stands beside them."""
        body = self.body(value.items["layers"], f"`{name}`")
        order = value.items.get("order")
        if order is not None:
            schema = self.schema["$defs"]["block"]["properties"]["order"]
            check(order, schema, "`order`", self.report)
        return Block(
            name,
            span,
            self.block_params[name],
            body,
            init_rules(value.items.get("init"), self.beside.append),
            words(order) if isinstance(order, Sequence) else (),
            self.block_inputs(name, value.items.get("inputs")),
            self.block_outputs(value.items.get("outputs")),
        )


def _inputs(items: dict[str, Node]) -> tuple[InputEntry, ...]:
    """The inputs in the order written; `input` stands for one of that name."""
    several = items.get("inputs")
    if isinstance(several, Mapping):
        return tuple(InputEntry(name, node) for name, node in several.items.items())
    return (InputEntry("input", items["input"]),)


def _mapping(node: Node | None) -> Mapping | None:
    return node if isinstance(node, Mapping) else None


def _word(node: Node | None) -> str:
    return str(node.value or "") if isinstance(node, Scalar) else ""


def _stem(name: str) -> str:
    stem = re.split(r"[/\\]", name)[-1]
    return re.sub(r"\.ya?ml$", "", stem) or "network"
