"""The tables of `tests/ops`, held against netspec and against torch."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml
from torch import nn
from torch_answer import Accepted, Refused, torch_answer, torch_macs

from netspec.diagnostics import CODES
from netspec.ops import OPS
from netspec.ops.base import Op, Refusal, Shape
from netspec.ops.recurrent import Recurrent

TABLES = Path(__file__).parent / "ops"


class Row(NamedTuple):
    op: type[Op]
    args: dict[str, Any]
    inputs: tuple[Shape, ...]
    output: Shape | None
    parameters: int
    macs: int
    refusal: str | None


def rows() -> dict[str, Row]:
    """Every row of every table by `Op: sentence`."""
    found = {}
    for path in sorted(TABLES.glob("*.yaml")):
        for sentence, row in yaml.safe_load(path.read_text()).items():
            given = row["inputs"] if "inputs" in row else [row["input"]]
            found[f"{path.stem}: {sentence}"] = Row(
                OPS[path.stem],
                row["args"],
                tuple(map(tuple, given)),
                tuple(row["output"]) if "output" in row else None,
                row.get("parameters", 0),
                row.get("macs", 0),
                row.get("refusal"),
            )
    return found


ROWS = rows()
every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
every_op = pytest.mark.parametrize("op", OPS.values(), ids=OPS)


@every_op
def test_every_layer_has_a_table_that_accepts(op: type[Op]) -> None:
    assert any(row.op is op and row.output for row in ROWS.values())


@every_row
def test_a_row_is_what_netspec_says(row: Row) -> None:
    if row.refusal:
        with pytest.raises(Refusal) as refused:
            row.op(**row.args).infer(*row.inputs)
        assert refused.value.code == row.refusal
        return
    op = row.op(**row.args)
    assert op.infer(*row.inputs) == row.output
    assert op.num_params(*row.inputs) == row.parameters
    assert op.macs(*row.inputs) == row.macs


@every_row
def test_a_row_is_what_torch_says(row: Row) -> None:
    if row.op.arity == (0, 0):
        if row.refusal:
            return
        op = row.op(**row.args)
        tensor = op.make()
        said = {**op.parameters(), **op.buffers()}
        assert list(said.values()) in ([tuple(tensor.shape)], [])
        assert tensor.requires_grad == bool(row.parameters)
        return
    said = torch_answer(row.op, row.args, row.inputs)
    if row.refusal:
        assert isinstance(said, Refused), said
        return
    assert isinstance(said, Accepted), said
    assert said.shape == row.output
    assert sum(p.numel() for p in said.module.parameters()) == row.parameters
    assert torch_macs(said.module, row.inputs) == row.macs


@every_row
def test_the_names_and_shapes_of_weights_are_those_of_the_module(row: Row) -> None:
    if row.refusal or row.op.arity == (0, 0):
        return
    op = row.op(**row.args)
    module = op.make(*row.inputs)
    kept = set(module.state_dict())
    assert {k: tuple(v.shape) for k, v in module.named_parameters()} == op.parameters(*row.inputs)
    assert {k: tuple(v.shape) for k, v in module.named_buffers() if k in kept} == op.buffers(
        *row.inputs
    )
    assert list(module.state_dict()) == state_order(op, *row.inputs)


def state_order(op: Op, *inputs: Shape) -> list[str]:
    """The names as `state_dict` has them: a module's own weights, its buffers, its children."""
    names = list(op.parameters(*inputs))
    own = [n for n in names if "." not in n]
    return [*own, *op.buffers(*inputs), *(n for n in names if "." in n)]


@every_row
def test_a_row_is_accepted_by_the_schema(row: Row) -> None:
    jsonschema.validate(row.args, row.op.schema())


@every_row
def test_a_refusal_is_worded_for_the_person_who_reads_it(row: Row) -> None:
    if not row.refusal:
        return
    with pytest.raises(Refusal) as refused:
        row.op(**row.args).infer(*row.inputs)
    said = refused.value
    assert said.code in CODES
    assert not said.message.endswith(".")
    assert said.message[0] == "`" or not said.message[0].isupper() or said.message.startswith(
        row.op.__name__
    )  # fmt: skip
    assert said.argument is None or said.argument in row.op.args
    assert said.hint is None or (said.hint and not said.hint.endswith("."))


# arguments and their documentation

OUTSIDE_TORCH_NN = {
    "StochasticDepth": "torchvision.ops",
    "LayerNorm2d": "torchvision.models.convnext",
    "ShiftedWindowAttention": "torchvision.models.swin_transformer",
    "ShiftedWindowAttention3d": "torchvision.models.video.swin_transformer",
    "ShiftedWindowAttentionV2": "torchvision.models.swin_transformer",
    "RelativePositionalMultiHeadAttention": "torchvision.models.maxvit",
    "MultiscaleAttention": "torchvision.models.video.mvit",
}

OWN = {
    "Add", "Mul", "Concat", "Parameter", "Reshape", "Permute", "Transpose", "Select", "Slice",
    "Chunk", "Mean", "WindowPartition", "WindowDepartition", "PatchMerging", "PatchMergingV2",
    "Sub", "Div", "Maximum", "Minimum", "Scale", "Shift", "Neg", "Abs", "Exp", "Log", "Sqrt",
    "Square", "Pow", "Clamp", "Sin", "Cos", "Reciprocal", "Sum", "Amax", "Amin", "Var", "Norm",
    "Normalize", "CumSum", "Split", "Stack", "MatMul", "AddMM", "ResizeLike", "Squeeze",
    "Unsqueeze", "Expand", "ScaledDotProductAttention", "Buffer",
}  # fmt: skip
"""Layers that are a function in torch, or whose arguments are only netspec's."""

FROM_THE_INPUT = {
    "in_channels", "in_features", "num_features", "num_channels", "embed_dim", "dim",
    "feat_dim", "max_seq_len",
}  # fmt: skip
NOT_OFFERED = {
    "device", "dtype", "args", "kwargs", "return_indices", "min_value", "max_value",
    "mode", "input_size", "_freeze", "_weight", "sparse", "include_last_offset",
    "batch_first", "add_bias_kv", "add_zero_attn", "kdim", "vdim", "norm_type",
    "norm_layer",
}  # fmt: skip

OF_OTHERS = {
    ("MultiheadAttention", "is_causal"),  # of its `forward`
    ("MultiscaleAttention", "eps"),  # of its `norm_layer`
}
WITH_A_DEFAULT_OF_ITS_OWN = {
    ("LayerNorm", "normalized_shape"),  # follows from the input
    ("RMSNorm", "normalized_shape"),
    ("LayerNorm2d", "eps"),
    ("StochasticDepth", "mode"),  # `row` is what every network of torchvision takes
}


def torch_signature(op: type[Op]) -> dict[str, inspect.Parameter]:
    if issubclass(op, Recurrent):  # whose own signatures are `*args`
        theirs = dict(inspect.signature(nn.RNNBase.__init__).parameters)
        if op.__name__ == "RNN":
            theirs["nonlinearity"] = inspect.Parameter(
                "nonlinearity", inspect.Parameter.KEYWORD_ONLY, default="tanh"
            )
        if op.__name__ != "LSTM":
            del theirs["proj_size"]
        return {k: v for k, v in theirs.items() if k != "self"}
    place = importlib.import_module(OUTSIDE_TORCH_NN.get(op.__name__, "torch.nn"))
    signature = inspect.signature(getattr(place, op.__name__).__init__)
    return {k: v for k, v in signature.parameters.items() if k != "self"}


like_torch = pytest.mark.parametrize(
    "op", [op for name, op in OPS.items() if name not in OWN], ids=lambda op: op.__name__
)


@like_torch
def test_every_argument_and_default_is_torchs(op: type[Op]) -> None:
    theirs = torch_signature(op)
    if op.__name__ == "LayerNorm2d":
        theirs = torch_signature(OPS["LayerNorm"])
    for name, a in op.args.items():
        if (op.__name__, name) in OF_OTHERS:
            continue
        assert name in theirs
        if (op.__name__, name) in WITH_A_DEFAULT_OF_ITS_OWN:
            continue
        default = theirs[name].default
        assert a.required == (default is inspect.Parameter.empty), name
        assert a.required or (a.default == default and type(a.default) is type(default)), name


@like_torch
def test_no_argument_of_torch_is_missing(op: type[Op]) -> None:
    missing = set(torch_signature(op)) - set(op.args) - FROM_THE_INPUT - NOT_OFFERED
    if op.__name__ == "LayerNorm2d":
        return
    # newer than the oldest torch that netspec takes
    missing -= {"bias"} if "Norm" in op.__name__ else set()
    # torch has this argument, and refuses all values but its default
    missing -= {"padding_mode"} if op.__name__.startswith("ConvTranspose") else set()
    assert not missing


@every_op
def test_every_argument_is_documented(op: type[Op]) -> None:
    assert op.summary().endswith(".")
    for a in op.args.values():
        assert a.doc
        assert not a.doc.endswith(".")


@every_op
def test_the_schema_is_one_and_takes_the_defaults(op: type[Op]) -> None:
    schema = op.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    defaults = {name: a.default for name, a in op.args.items() if not a.required}
    for name, default in defaults.items():
        jsonschema.validate(default, schema["properties"][name])


@every_op
def test_at_most_one_argument_stands_alone(op: type[Op]) -> None:
    assert sum(a.bare for a in op.args.values()) <= 1


BARE = {
    "shape": ["Parameter", "Buffer", "Reshape", "Expand"],
    "out_features": ["Linear"],
    "kernel_size": [f"{kind}Pool{n}d" for kind in ("Max", "Avg") for n in (1, 2, 3)],
    "output_size": [f"Adaptive{kind}Pool{n}d" for kind in ("Max", "Avg") for n in (1, 2, 3)],
    "num_groups": ["GroupNorm"],
    "normalized_shape": ["LayerNorm", "RMSNorm"],
    "size": ["LocalResponseNorm"],
    "negative_slope": ["LeakyReLU"],
    "approximate": ["GELU"],
    "dim": ["Softmax", "LogSoftmax", "Softmin", "GLU", "Mean", "Sum", "Amax", "Amin", "Var",
            "Norm", "Normalize", "CumSum", "Concat", "Stack", "Squeeze", "Unsqueeze"],
    "mode": ["ResizeLike"],
    "p": ["Dropout", "AlphaDropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout",
          "StochasticDepth", "WindowPartition"],
    "padding": [f"{kind}Pad{n}d" for kind in ("Zero", "Reflection", "Replication", "Circular")
                for n in (1, 2, 3)],
    "upscale_factor": ["PixelShuffle"],
    "downscale_factor": ["PixelUnshuffle"],
    "groups": ["ChannelShuffle"],
    "factor": ["Scale"],
    "offset": ["Shift"],
    "exponent": ["Pow"],
    "dims": ["Permute"],
    "num_heads": ["MultiheadAttention"],
    "hidden_size": ["RNN", "GRU", "LSTM"],
    "split_size_or_sections": ["Split"],
}  # fmt: skip
"""Which argument `Layer: value` gives; specs are written so, and go on meaning the same."""


@every_op
def test_the_argument_that_stands_alone_is_the_one_that_people_mean(op: type[Op]) -> None:
    meant = [name for name, layers in BARE.items() if op.__name__ in layers]
    assert [name for name, a in op.args.items() if a.bare] == meant


@pytest.mark.parametrize(
    ("mode", "shape", "says"),
    [
        ("linear", (3, 4, 5), "takes 2 dimensions, not 3×4×5"),
        ("bilinear", (3, 7), "takes 3 dimensions, not 3×7"),
        ("bicubic", (3, 7), "takes 3 dimensions, not 3×7"),
        ("trilinear", (3, 4, 5), "takes 4 dimensions, not 3×4×5"),
        ("nearest", (12,), "takes 2, 3 or 4 dimensions, not a vector of 12"),
    ],
)
def test_an_interpolation_says_what_it_takes(mode: str, shape: Shape, says: str) -> None:
    with pytest.raises(Refusal) as refused:
        OPS["Upsample"](scale_factor=2, mode=mode).infer(*[shape])
    assert refused.value.message == f"Upsample by `{mode}` {says}"


def test_the_layers_are_known_without_torch() -> None:
    probe = "import sys, netspec.ops; print(*sorted({'torch', 'numpy'} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == ""


def test_every_layer_of_torch_for_images_is_there() -> None:
    """What `torch.nn` has and netspec does not is left out on purpose."""
    layers = {
        name
        for name, value in vars(nn).items()
        if isinstance(value, type) and issubclass(value, nn.Module) and not name.endswith("Loss")
    }
    left_out = {
        "Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict",
        "Container", "RNNBase", "RNNCell", "RNNCellBase", "LSTMCell", "GRUCell", "Transformer",
        "TransformerEncoder",
        "TransformerEncoderLayer", "TransformerDecoder", "TransformerDecoderLayer", "Bilinear",
        "CosineSimilarity", "PairwiseDistance", "SyncBatchNorm", "CrossMapLRN2d",
        "FractionalMaxPool2d", "FractionalMaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
        "AdaptiveLogSoftmaxWithLoss", "NLLLoss2d", "DataParallel",
    }  # fmt: skip
    lazy = {name for name in layers if name.startswith("Lazy")}
    assert layers - lazy - left_out - set(OPS) == set()
