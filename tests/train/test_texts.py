"""Texts, token ids and several inputs: tables read, trained on, resumed, evaluated, predicted."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import command_line
import pytest
import torch

import netspec
from netspec.train.data import Data, open_data
from netspec.train.data.tables.columns import padded
from netspec.train.data.tables.table_file import read_table
from netspec.train.data.tables.tokens import Tokenizer, vocabulary_of
from netspec.train.errors import TrainError

SPEC = """\
netspec: 1
name: bag
input: {shape: [4], dtype: int64, below: 300}
layers: [{Embedding: {num_embeddings: 300, embedding_dim: 4}}, {Mean: 1}, {Linear: 2}]
train:
  data: {dataset: table, root: rows.csv, validation: 0.25}
  epochs: 2
  batch_size: 4
  optimizer: {AdamW: {lr: 0.1}}
"""
SEVERAL = """\
netspec: 1
name: several
inputs:
  input_ids: {shape: [4], dtype: int64, below: 300}
  key_padding_mask: {shape: [4], dtype: bool}
  length: [1]
layers:
  e: {from: input_ids, Embedding: {num_embeddings: 300, embedding_dim: 4}}
  a: {from: [e, e, e, key_padding_mask], MultiheadAttention: 2}
  m: {Mean: 1}
  c: {from: [m, length], Concat: {}}
  f: {Linear: 2}
train:
  data: {dataset: table, root: rows.jsonl, label: kind, validation: 0.25}
  epochs: 1
  batch_size: 4
"""
DOWN = 'bad, "dull" plot w1'
WORDS = {"up": "good film", "down": 'bad, "dull"\nplot'}


def write_csv(path: Path, count: int = 20, head: tuple[str, str] = ("text", "label")) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(head)
        for number in range(count):
            label = ("up", "down")[number % 2]
            rows.writerow([f"{WORDS[label]} w{number % 3}", label])
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_csv(tmp_path / "rows.csv")
    rows = [{"text": [1] * (1 + n % 5), "length": n / 20, "kind": n % 2} for n in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    (tmp_path / "bag.yaml").write_text(SPEC)
    (tmp_path / "several.yaml").write_text(SEVERAL)
    return tmp_path


Ran = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ran:
    return partial(command_line.ran, monkeypatch, capsys)


def opened(name: str, vocabulary: tuple[str, ...] | None = None, **data: object) -> Data:
    network = netspec.load(name, train={f"data.{key}": value for key, value in data.items()})
    return open_data(
        network.recipe,
        network.input_shape,
        num_classes=2,
        inputs=network.inputs,
        vocabulary=vocabulary,
    )


def test_words_are_the_most_frequent_first_and_then_by_the_alphabet() -> None:
    words, count = vocabulary_of(["b a c", "c  b\n[UNK]", "c"], 4)
    assert (words, count) == (("[PAD]", "[UNK]", "c", "b"), 3)
    assert Tokenizer("whitespace", words).ids("a c\tb") == [1, 2, 3]
    assert Tokenizer("bytes").ids("aé") == [98, 196, 170]
    assert padded([[5, 6, 7], [8]], 2).tolist() == [[5, 6], [8, 0]]
    assert Tokenizer("ids").ids("3, 7 0") == [3, 7, 0]
    assert Tokenizer("bytes").ids([5]) == [5]


def test_texts_are_cut_and_filled_up_and_words_come_of_what_is_trained_on(here: Path) -> None:
    write_csv(here / "rows.csv", head=("review", "stars"))
    data = opened("bag.yaml", text="review", label="stars")
    assert data.info.classes == ("down", "up")
    assert [data.size(part) for part in ("train", "validation", "test")] == [12, 4, 4]
    (batch,) = data.batches("train", batch_size=12, augment=True)
    assert isinstance(batch.images, torch.Tensor)
    assert (batch.images.dtype, batch.images.shape) == (torch.int64, (12, 4))
    vocabulary = data.info.vocabulary
    for row, label in zip(batch.images, batch.labels, strict=True):
        words = [vocabulary[place] for place in row]
        text = "good film" if label == 1 else 'bad, "dull" plot'
        assert words[: len(text.split())] == text.split()
        assert words[3] == ("[PAD]" if label == 1 else words[3])


def test_the_vocabulary_does_not_see_what_is_held_out(here: Path) -> None:
    rows = ["text,label", *(f"only{number},{'ab'[number % 2]}" for number in range(20))]
    (here / "rows.csv").write_text("\n".join(rows))
    data = opened("bag.yaml")
    assert len(data.info.vocabulary) == 2 + data.size("train")
    for part in ("validation", "test"):
        (batch,) = data.batches(part, batch_size=20)  # type: ignore[arg-type]
        assert batch.images[:, 0].tolist() == [1] * len(batch.labels)  # type: ignore[call-overload]


def test_words_that_a_network_was_trained_with_are_not_found_anew(here: Path) -> None:
    words = ("[PAD]", "[UNK]", *("x",) * 5, "film", "good")
    (batch,) = opened("bag.yaml", words, validation=0).batches("test", batch_size=9)
    assert {tuple(row) for row in batch.images.tolist()} == {(8, 7, 1, 0), (1, 1, 1, 1)}  # type: ignore[union-attr]
    with pytest.raises(TrainError, match="are not known"):
        opened("bag.yaml", ())


def test_a_folder_of_tables_is_its_parts(here: Path) -> None:
    for name, count in (("train.csv", 8), ("dev.csv", 4), ("test.csv", 2)):
        (here / "parts").mkdir(exist_ok=True)
        write_csv(here / "parts" / name, count)
    data = opened("bag.yaml", root="parts", validation=0, tokenizer="bytes")
    assert [data.size(part) for part in ("train", "validation", "test")] == [8, 4, 2]
    with pytest.raises(TrainError, match="the data have a validation part"):
        opened("bag.yaml", root="parts")


def test_a_mask_tells_the_padding_and_a_column_is_called_as_its_input(here: Path) -> None:
    data = opened("several.yaml", label="kind")
    (batch,) = data.batches("test", batch_size=4)
    assert isinstance(batch.images, tuple)
    ids, hidden, length = batch.images
    assert torch.equal(hidden, ids == 0)
    assert (length.shape, length.dtype) == ((4, 1), torch.float32)
    assert data.info.classes == ("0", "1")
    # of another name it is true for tokens, as `attention_mask` is
    text = SEVERAL.replace("key_padding_mask", "attention_mask")
    (here / "several.yaml").write_text(text)
    (again,) = opened("several.yaml", label="kind").batches("test", batch_size=4)
    assert torch.equal(again.images[1], ~hidden)


def test_a_run_is_trained_evaluated_resumed_and_predicts_with_its_own_words(
    here: Path, ran: Ran
) -> None:
    assert ran("train", "bag.yaml", "--epochs", "4")[0] == 0
    (whole,) = here.glob("runs/bag/*")
    whole = whole.rename(here / "whole")
    assert ran("train", "bag.yaml", "--epochs", "2", "--set", "train.checkpoint_interval=3")[0] == 0
    (half,) = here.glob("runs/bag/*")
    assert ran("train", "bag.yaml", "--resume", str(half), "--epochs", "4")[0] == 0
    for name in ("model.safetensors", "vocab.txt"):
        assert (half / name).read_bytes() == (whole / name).read_bytes()
    words = (half / "vocab.txt").read_text().split("\n")
    assert words[:2] == ["[PAD]", "[UNK]"]
    code, out, _ = ran("eval", str(half))
    assert (code, "top-1 100.00% · 4 samples" in out) == (0, True), out
    # other rows, of words in another order, are read with the words of the run
    (here / "other.csv").write_text('label,text\nup,good film\ndown,"bad, ""dull"" plot"\n')
    code, out, _ = ran("eval", str(half), "--data", "other.csv")
    assert (code, "top-1 100.00% · 2 samples" in out) == (0, True), out
    (here / "lines.txt").write_text('good film\n\nbad, "dull" plot\n')
    code, out, err = ran(
        "predict", str(half), "lines.txt", "nowhere", "--text", DOWN, "--format", "json"
    )
    found = json.loads(out)
    told = [(one["text"], one["class"]) for one in found["texts"]]
    assert told == [(DOWN, "down"), ("good film", "up"), ('bad, "dull" plot', "down")]
    assert (code, found["unread"][0]["text"]) == (1, "nowhere")
    (half / "vocab.txt").unlink()
    code, _, err = ran("predict", str(half), "--text", "good")
    assert (code, "the words that the network was trained on are not known" in err) == (1, True)


def test_several_inputs_go_through_every_command(here: Path, ran: Ran) -> None:
    assert ran("train", "several.yaml")[0] == 0
    (run,) = here.glob("runs/several/*")
    for command in (
        ("eval", str(run)),
        ("data", "several.yaml"),
        ("max-batch", "several.yaml"),
        ("summary", "several.yaml", "--torchinfo"),
        ("train", "several.yaml", "--resume", str(run), "--epochs", "2"),
        ("train", "several.yaml", "--set", "train.data.dataset=synthetic",
         "--set", "train.data.samples=16"),
    ):  # fmt: skip
        code, _, err = ran(*command)
        assert (code, "mistake" in err) == (0, False), err
    code, _, err = ran("data", "rows.csv")
    assert (code, "`rows.csv` is a table" in err) == (1, True)
    code, _, err = ran("predict", str(run), "--text", "1 2")
    assert (code, "a text alone does not say what the network takes: `length`" in err) == (1, True)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("text,label\na,up\nb", "line 3: 1 value for 2 columns"),
        ("text,text\na,up", "has two columns `text`"),
        ("", "is empty"),
        ('text,label\n"a,up', "line 2: unexpected end of data"),
        ("words,label\na,up\nb,down\n" * 1 + "a,up\nb,down\na,up\nb,down\n" * 2,
         "has no column `text`; it has `words`, `label`"),
        ("text,label\na,up\nb,up", "has `up` in every row"),
        ("text,label\na,up\nb,", "line 3: `label` names no class"),
        ("text,label\na,up\nb,down", "too few to hold out"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_told_with_its_line(
    here: Path, rows: str, told: str
) -> None:
    (here / "rows.csv").write_text(rows)
    with pytest.raises(TrainError) as error:
        opened("bag.yaml")
    assert told in str(error.value)


def test_json_that_is_none_is_told_with_its_line(here: Path) -> None:
    path = here / "rows.jsonl"
    for text, told in (('{"a": 1}\n[1]', "line 2: list and no object"), ("{", "line 1: no JSON")):
        path.write_text(text)
        with pytest.raises(TrainError, match=told):
            read_table(path)
    path.write_bytes(b"\xff")
    with pytest.raises(TrainError, match="is not UTF-8"):
        read_table(path)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"tokenizer": "ids"}, "`text` is `good` is no token id"),
        ({"dataset": "CIFAR10"}, "`CIFAR10` has images, and the network takes 4 of integers"),
        ({"resize": 8}, "`data.resize` is for images"),
    ],
)
def test_what_does_not_fit_a_network_of_texts_is_told(
    here: Path, settings: dict[str, object], told: str
) -> None:
    with pytest.raises(TrainError) as error:
        opened("bag.yaml", **settings)
    assert told in str(error.value)


def test_ids_beyond_the_bound_are_told(here: Path) -> None:
    (here / "bag.yaml").write_text(SPEC.replace("below: 300", "below: 250"))
    with pytest.raises(TrainError, match="`tokenizer: bytes` has 257 ids"):
        opened("bag.yaml", tokenizer="bytes")
    lines = ['{"text": [1, 299], "label": 1}\n', '{"text": [250], "label": 2}\n'] * 5
    (here / "rows.jsonl").write_text("".join(lines))
    with pytest.raises(TrainError, match=r"line 1: `text` has the token id 299, .* below 250"):
        opened("bag.yaml", root="rows.jsonl", tokenizer="ids")


def test_a_network_of_images_takes_no_table(here: Path, ran: Ran) -> None:
    spec = {"netspec": 1, "input": [1, 8, 8], "layers": ["Flatten", {"Linear": 2}]}
    (here / "image.yaml").write_text(json.dumps(spec))
    code, _, err = ran("train", "image.yaml", "--data", "rows.csv")
    assert (code, "a `table` has texts and token ids" in err) == (1, True), err


def test_the_specs_of_the_page_about_texts_check() -> None:
    page = (Path(__file__).parents[2] / "docs" / "text.md").read_text(encoding="utf-8")
    specs = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert [netspec.loads(spec).warnings for spec in specs] == [(), ()]
