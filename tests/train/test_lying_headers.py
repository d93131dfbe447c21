"""Headers of safetensors that lie: a sentence, wherever such a file is read, and nothing is sized
by what they claim."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from stand_in import StandIn
from torch import nn

from netspec.train.errors import DamagedCheckpoint, TrainError
from netspec.train.storage.checkpoint_file import MAGIC, unpack
from netspec.train.storage.weights import load_weights, starting_weights


def two_layers() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 4), nn.Linear(4, 10))


NETWORK = StandIn(two_layers)
Header = dict[str, Any]


def whole() -> tuple[Header, bytes]:
    """The header and the values of a file that fits."""
    data = safetensors.torch.save(two_layers().state_dict())
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def file_of(header: bytes, values: bytes, length: int | None = None) -> bytes:
    told = len(header) if length is None else length
    return told.to_bytes(8, "little") + header + values


def changed(change: Callable[[Header], object]) -> bytes:
    """A file whose header was changed, and no value."""
    header, values = whole()
    change(header)
    return file_of(json.dumps(header).encode(), values)


def entry(**wrong: Any) -> bytes:
    return changed(lambda header: header["1.bias"].update(wrong))


def in_header(text: str) -> bytes:
    """A file with one more piece of JSON at the end of its header."""
    header, values = whole()
    return file_of((json.dumps(header)[:-1] + f", {text}}}").encode(), values)


def twice() -> bytes:
    header, _ = whole()
    return in_header('"1.bias": ' + json.dumps(header["1.bias"]))


def twice_elsewhere() -> bytes:
    """A name twice, at two places of the file: readers differ in which they take."""
    header, _ = whole()
    return in_header('"1.bias": ' + json.dumps({**header["1.bias"], "data_offsets": [0, 16]}))


def moved(by: int) -> bytes:
    def move(header: Header) -> None:
        first, last = header["1.bias"]["data_offsets"]
        header["1.bias"]["data_offsets"] = [first + by, last + by]

    return changed(move)


def gap() -> bytes:
    header, values = whole()
    for one in header.values():
        one["data_offsets"] = [place + 8 for place in one["data_offsets"]]
    return file_of(json.dumps(header).encode(), bytes(8) + values)


def longer_at_the_end() -> bytes:
    header, values = whole()
    return file_of(json.dumps(header).encode(), values + bytes(8))


def cut_off() -> bytes:
    header, values = whole()
    return file_of(json.dumps(header).encode(), values[:-1])


def length(told: int) -> bytes:
    header, values = whole()
    return file_of(json.dumps(header).encode(), values, told)


LIES: dict[str, Callable[[], bytes]] = {
    "an offset beyond the file": lambda: entry(data_offsets=[10**6, 10**6 + 16]),
    "an offset beyond any file": lambda: entry(data_offsets=[2**63, 2**63 + 16]),
    "an offset beyond 64 bits": lambda: entry(data_offsets=[2**65, 2**65 + 16]),
    "negative offsets": lambda: entry(data_offsets=[-16, 0]),
    "offsets that run back": lambda: entry(data_offsets=[16, 0]),
    "offsets of one number": lambda: entry(data_offsets=[16]),
    "offsets that are words": lambda: entry(data_offsets=["0", "16"]),
    "offsets that are fractions": lambda: entry(data_offsets=[0.5, 16.5]),
    "no offsets": lambda: changed(lambda header: header["1.bias"].pop("data_offsets")),
    "tensors that overlap": lambda: moved(-4),
    "tensors with a gap between them": lambda: moved(4),
    "a gap before the first": gap,
    "bytes behind the last": longer_at_the_end,
    "a last tensor that is cut off": cut_off,
    "fewer bytes than the shape needs": lambda: entry(shape=[5]),
    "bytes for half of the shape": lambda: entry(dtype="F64"),
    "a type of no name": lambda: entry(dtype="F31"),
    "a type of four bits": lambda: entry(dtype="F4"),
    "a type that is a list": lambda: entry(dtype=["F32"]),
    "a shape of 10 to the 30": lambda: entry(shape=[10**15, 10**15]),
    "a shape whose product wraps around to the right one": lambda: entry(shape=[2**62, 2**4]),
    "a negative shape": lambda: entry(shape=[-4]),
    "a shape of words": lambda: entry(shape=["4"]),
    "a shape that is a word": lambda: entry(shape="4"),
    "a shape of fractions": lambda: entry(shape=[4.0]),
    "a shape without end": lambda: entry(shape=[float("inf")]),
    "a shape of what is no number": lambda: entry(shape=[float("nan")]),
    "a shape of truths": lambda: entry(shape=[True, 4]),
    "a shape of a million sizes": lambda: entry(shape=[1] * 1_000_000),
    "a size of ten thousand digits": lambda: in_header(
        '"x": {"dtype": "F32", "shape": [' + "9" * 10_000 + '], "data_offsets": [0, 16]}'
    ),
    "an entry that is a list": lambda: changed(lambda header: header.update({"1.bias": []})),
    "an entry that is nothing": lambda: changed(lambda header: header.update({"1.bias": None})),
    "a name twice": twice,
    "a name twice, elsewhere": twice_elsewhere,
    "JSON in JSON": lambda: in_header('"x": ' + "[" * 100_000 + "]" * 100_000),
    "objects in objects": lambda: in_header('"x": ' + '{"x":' * 50_000 + "1" + "}" * 50_000),
    "metadata that are a list": lambda: in_header('"__metadata__": [1, 2]'),
    "metadata of numbers": lambda: in_header('"__metadata__": {"format": 1}'),
    "names that are no text": lambda: in_header('"\\ud800": {}'),
    "a header that is longer than the file": lambda: length(10**9),
    "a header of 2 to the 63": lambda: length(2**63),
    "a header of 2 to the 64, less one": lambda: length(2**64 - 1),
    "a header of nothing": lambda: length(0),
    "a header that ends in the middle": lambda: length(100),
    "a header that goes on in the values": lambda: length(len(json.dumps(whole()[0])) + 9),
    "a header of many names": lambda: changed(
        lambda header: header.update({f"{n:0100}": header["1.bias"] for n in range(20_000)})
    ),
    "a header that is a list": lambda: file_of(b"[1, 2]", b""),
    "a header that is no text": lambda: file_of(b'{"\xff\xfe": 1}', b""),
}


def bounded(error: TrainError) -> None:
    """A few sentences, of lines that can be read, with what to do."""
    assert len(error.message) < 1_000
    assert len(error.details) < 6_000
    assert all(len(line) < 1_000 for line in error.details)


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("read", [load_weights, starting_weights])
def test_weights_with_such_a_header_are_refused(
    read: Callable[[Path, StandIn], object], lie: str, tmp_path: Path
) -> None:
    for name in ("model.safetensors", "model.pth", "model"):
        (tmp_path / name).write_bytes(LIES[lie]())
        with pytest.raises(TrainError) as caught:
            read(tmp_path / name, NETWORK)
        bounded(caught.value)


@pytest.mark.parametrize("lie", [lie for lie in LIES if not lie.startswith("a name twice")])
def test_a_checkpoint_with_such_a_header_is_damaged_though_its_hash_is_right(lie: str) -> None:
    tree = b'{"dict":[["model",{"tensor":"1.bias"}]]}'
    rest = len(tree).to_bytes(8, "little") + tree
    true = rest + file_of(json.dumps(whole()[0]).encode(), whole()[1])
    kept = unpack(MAGIC + hashlib.sha256(true).digest() + true)["model"]
    assert kept.shape == (4,)
    false = rest + LIES[lie]()
    with pytest.raises(DamagedCheckpoint) as caught:
        unpack(MAGIC + hashlib.sha256(false).digest() + false)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("told", [2**63, 2**64 - 1, 10**6, 0])
def test_so_is_one_that_lies_about_its_own_length(told: int) -> None:
    rest = told.to_bytes(8, "little") + b"{}" + safetensors.torch.save({})
    with pytest.raises(DamagedCheckpoint):
        unpack(MAGIC + hashlib.sha256(rest).digest() + rest)


def test_what_does_not_lie_is_read(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(changed(lambda header: None))
    assert load_weights(tmp_path / "w", NETWORK).keys() == two_layers().state_dict().keys()
    torch.testing.assert_close(
        load_weights(tmp_path / "w", NETWORK)["1.bias"].shape, torch.Size([4])
    )
