"""Bad input to a dataset: one sentence names the file, the first offender and how many there are."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data.small_dataset import CAPTIONS_OF, SPLITS, caption_table, image_row, make, png, rewrite
from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.data.dataset import Dataset
from isogloss.data.tables import IMAGES, LONGEST_CAPTION
from isogloss.data.validate import validate
from isogloss.data.writing import write_dataset
from isogloss.errors import UserError


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return make(tmp_path / "small", SPLITS, CAPTIONS_OF)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Path]]:
    numbers = iter(range(1_000_000))
    root = tmp_path_factory.mktemp("many")
    return lambda: root / str(next(numbers))


def test_no_dataset(tmp_path: Path, dataset: Dataset) -> None:
    for place in (tmp_path, tmp_path / "none", dataset.root / "dataset.json"):
        with pytest.raises(UserError, match="no dataset folder"):
            Dataset.open(place)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "cannot be read"),
        (b'{"name": "\xff"}', "cannot be read"),
        (b"[]", "'format' should be"),
        (b'{"format": "other"}', "'format' should be"),
        (b'{"format": "isogloss-dataset", "version": 9}', "has version 9"),
        (b'{"format": "isogloss-dataset", "version": 1, "splits": {}}', "lacks 'languages'"),
    ],
)
def test_a_bad_dataset_json(dataset: Dataset, content: bytes, message: str) -> None:
    (dataset.root / "dataset.json").write_bytes(content)
    with pytest.raises(UserError, match=message):
        Dataset.open(dataset.root)


def test_unknown_names_come_with_the_nearest_or_with_all(dataset: Dataset) -> None:
    with pytest.raises(UserError, match="no caption table for the language 'jp'; there is en, es"):
        dataset.split("train", ["en", "jp"])
    with pytest.raises(UserError, match="'spa'; there is en, es"):
        dataset.captions("spa")
    with pytest.raises(UserError, match="split 'tests'; did you mean 'test'"):
        dataset.split("tests", ["en"])
    with pytest.raises(UserError, match="split 'trains'; did you mean 'train'"):
        dataset.images("trains")


@pytest.mark.parametrize("name", ["images.parquet", "captions/es.parquet"])
def test_a_damaged_table(dataset: Dataset, name: str) -> None:
    content = (dataset.root / name).read_bytes()
    for damaged in (b"", content[:-1], content[: len(content) // 2], b"key,text\na,b\n"):
        (dataset.root / name).write_bytes(damaged)
        with pytest.raises(UserError, match=f"{name} cannot be read"):
            Dataset.open(dataset.root)
    (dataset.root / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing"):
        Dataset.open(dataset.root)


def test_wrong_columns(dataset: Dataset) -> None:
    table = dataset.captions("es")
    rewrite(dataset, "es", table.drop_columns(["text"]))
    with pytest.raises(UserError, match=r"es.parquet has no single column 'text'; its columns should be key, text"):
        Dataset.open(dataset.root)
    rewrite(dataset, "es", table.set_column(1, "text", pa.array([1, 2])))
    with pytest.raises(UserError, match=r"'text' of .*es.parquet holds int64; it should hold string"):
        Dataset.open(dataset.root)
    rewrite(dataset, "es", table)
    pq.write_table(dataset.images().drop_columns(["sha256"]), dataset.root / "images.parquet")
    with pytest.raises(UserError, match=r"images.parquet has no single column 'sha256'"):
        Dataset.open(dataset.root)


def not_unicode() -> pa.Table:
    text = pa.Array.from_buffers(pa.string(), 3, pa.array([b"fine", b"a \xff\xfe dog", b"\x80"], pa.binary()).buffers())
    return caption_table([(key, "") for key in "abc"]).set_column(1, "text", text)


BAD_CAPTIONS: list[tuple[str, Callable[[], pa.Table], str]] = [
    (
        "unknown keys",
        lambda: caption_table([("a", "x"), ("q", "y"), ("r", "z")]),
        "2 captions for pictures.*first for 'q'",
    ),
    (
        "empty",
        lambda: caption_table([("a", "x"), ("b", ""), ("c", " \t")]),
        "2 empty captions, the first for picture 'b'",
    ),
    (
        "overlong",
        lambda: caption_table([("a", "é" * 1_000_000)]),
        "1 caption of more than 10,000.*'a' with 1,000,000",
    ),
    ("not UTF-8", not_unicode, "2 cells in 'text' whose bytes are not UTF-8, the first in row 2"),
    (
        "no text",
        lambda: caption_table([("a", "x"), ("b", None)]),
        "1 row without 'text', the first being row 2",
    ),
]


@pytest.mark.parametrize(("kind", "table", "message"), BAD_CAPTIONS, ids=[kind for kind, _, _ in BAD_CAPTIONS])
def test_bad_captions_stop_split_and_validate(
    dataset: Dataset, kind: str, table: Callable[[], pa.Table], message: str
) -> None:
    rewrite(dataset, "es", table())
    again = Dataset.open(dataset.root)
    again.split("train", ["en"])
    for check in (lambda: again.split("train", ["es"]), lambda: validate(again)):
        with pytest.raises(UserError, match=r"captions/es.parquet has " + message):
            check()


@pytest.mark.parametrize(("kind", "table", "message"), BAD_CAPTIONS, ids=[kind for kind, _, _ in BAD_CAPTIONS])
def test_bad_captions_are_not_written(tmp_path: Path, kind: str, table: Callable[[], pa.Table], message: str) -> None:
    images = pa.Table.from_pylist([image_row(key, "train", png(0)) for key in "abc"], schema=IMAGES)
    with pytest.raises(UserError, match=message):
        write_dataset(
            tmp_path / "d",
            name="",
            description="",
            licence="",
            sources=[],
            images=images,
            captions={"es": table()},
            notes={},
        )
    assert list(tmp_path.iterdir()) == []


def test_the_longest_caption_is_counted_in_characters(dataset: Dataset) -> None:
    rewrite(dataset, "es", caption_table([("a", "字" * LONGEST_CAPTION)]))
    assert dataset.split("train", ["es"]).captions["es"].of(0) == ["字" * LONGEST_CAPTION]
    rewrite(dataset, "es", caption_table([("a", "字" * (LONGEST_CAPTION + 1))]))
    with pytest.raises(UserError, match="10,001"):
        dataset.split("train", ["es"])


def test_captions_that_are_not_nfc(dataset: Dataset) -> None:
    rewrite(dataset, "es", caption_table([("a", "ok"), ("b", "cafe\u0301")]))
    with pytest.raises(UserError, match=r"es.parquet has 1 caption not in Unicode's form NFC.*'b'"):
        validate(Dataset.open(dataset.root))


def test_a_language_without_captions(dataset: Dataset) -> None:
    rewrite(dataset, "es", caption_table([("b", "una abeja")]))
    with pytest.raises(UserError, match=r"es.parquet holds no caption for the split 'train'"):
        Dataset.open(dataset.root).split("train", ["en", "es"])
    rewrite(dataset, "es", caption_table([]))
    with pytest.raises(UserError, match=r"es.parquet holds no caption"):
        Dataset.open(dataset.root).split("train", ["es"])
    with pytest.raises(UserError, match=r"es.parquet holds no caption"):
        validate(Dataset.open(dataset.root))


def test_a_caption_table_that_is_gone(dataset: Dataset) -> None:
    (dataset.root / "captions" / "en.parquet").unlink()
    with pytest.raises(UserError, match=r"captions/en.parquet is missing"):
        Dataset.open(dataset.root)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("key", "b", "lists 1 key more than once, the first 'b'"),
        ("split", None, "1 row without 'split', the first being row 1"),
        ("offset", -4, "1 picture with a negative offset or no length, the first 'a'"),
        ("length", 0, "1 picture with a negative offset or no length, the first 'a'"),
    ],
)
def test_bad_rows_of_pictures(dataset: Dataset, column: str, value: object, message: str) -> None:
    rows = dataset.images().to_pylist()
    rows[0][column] = value
    table = pa.Table.from_pylist(rows, schema=IMAGES)
    pq.write_table(table, dataset.root / "images.parquet")
    for check in (lambda: dataset.split("test", ["en"]), lambda: validate(dataset)):
        with pytest.raises(UserError, match="images.parquet .*" + message):
            check()


def test_counts_that_disagree(dataset: Dataset) -> None:
    information = json.loads((dataset.root / "dataset.json").read_text())
    information["splits"]["train"] = 30
    (dataset.root / "dataset.json").write_text(json.dumps(information))
    with pytest.raises(UserError, match="counts"):
        validate(Dataset.open(dataset.root))


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (None, "cannot be read"),
        (lambda content: content[:-10], r"ends after \d+ of \d+ bytes"),
        (lambda content: png(9, (60, 40)), "has other bytes than when it was listed"),
        (flipped, "has other bytes .*its SHA-256 differs"),
        (lambda content: png(0, (9, 9)).ljust(len(content), b"\0"), "has other bytes"),
    ],
)
def test_bad_pictures(dataset: Dataset, damage: Callable[[bytes], bytes] | None, message: str) -> None:
    for key in "bd":
        file = dataset.root / "images" / f"{key}.png"
        if damage is None:
            file.unlink()
        else:
            file.write_bytes(damage(file.read_bytes()))
    seen: list[tuple[int, int]] = []
    with pytest.raises(UserError, match=rf"2 of 4 pictures in .* The first is 'b': .*b\.png.* ({message})"):
        validate(dataset, lambda checked, total: seen.append((checked, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a picture", "is not a picture that can be decoded"),
        (png(0)[:-30], "is not a picture that can be decoded"),
        (png(0, (9, 9)), "measures 9 × 9 and is listed as 6 × 4"),
    ],
)
def test_pictures_that_were_bad_when_they_were_listed(tmp_path: Path, content: bytes, message: str) -> None:
    dataset = write_dataset(
        tmp_path / "d",
        name="",
        description="",
        licence="",
        sources=[],
        images=pa.Table.from_pylist([image_row("a", "train", content)], schema=IMAGES),
        captions={"en": caption_table([("a", "an ant")])},
        notes={},
        files=[("images/a.png", content)],
    )
    with pytest.raises(UserError, match=rf"1 of 1 pictures .*a\.png {message}"):
        validate(dataset)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("spanish", "should be a language's tag. There is no language 'spanish'; did you mean 'es'"),
        ("pt-BR", "is written 'pt' in a dataset; rename the file to pt.parquet"),
        ("qua", "should be a language's tag"),
    ],
)
def test_a_file_that_is_named_by_no_tag(dataset: Dataset, name: str, message: str) -> None:
    rewrite(dataset, name, dataset.captions("es"))
    with pytest.raises(UserError, match=message):
        validate(Dataset.open(dataset.root))


def test_languages_for_local_use_pass(dataset: Dataset) -> None:
    for tag in ("qaa", "qtz"):
        rewrite(dataset, tag, dataset.captions("es"))
    validate(Dataset.open(dataset.root))


def test_counts_of_captions_that_disagree(dataset: Dataset) -> None:
    rewrite(dataset, "es", dataset.captions("es").slice(0, 1))
    with pytest.raises(
        UserError, match="counts {'captions': 2, 'images': 2} for 'es', and .* {'captions': 1, 'images': 1}"
    ):
        validate(Dataset.open(dataset.root))


@settings(deadline=None)
@given(data=st.data())
def test_no_damage_to_a_picture_escapes(data: st.DataObject, places: Callable[[], Path]) -> None:
    """Any change of any byte is found, whichever way the decoder takes it."""
    made = make(places(), {"a": "train"}, {"en": [("a", "ant")]})
    file = made.root / "images" / "a.png"
    content = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    with pytest.raises(UserError, match="1 of 1 pictures"):
        validate(made)
