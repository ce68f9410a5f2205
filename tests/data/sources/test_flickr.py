"""Flickr8k and Flickr30k in each of the forms that they are passed around in."""

import json
from pathlib import Path

import pytest
from data.sources.imported import imported
from data.sources.pictures import noise, saved

from isogloss.data.sources.flickr import Flickr
from isogloss.data.sources.importing import import_source
from isogloss.errors import UserError

NAMES = ("1000092795.jpg", "10002456.jpg", "1000268201_693b08cb0e.jpg")


@pytest.fixture
def flickr(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for seed, name in enumerate(NAMES):
        (tmp_path / "images" / name).write_bytes(saved(noise((6, 4), seed=seed), "JPEG"))
    return tmp_path


def write(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def open_tokens(folder: Path, content: str | bytes, name: str = "results.token") -> Flickr:
    return Flickr.open(str(folder / "images"), tokens=[write(folder / name, content)])


EXPECTED = {
    "en": {
        "1000092795": ["Two men, outside .", 'A man says "no" .'],
        "10002456": ["Several men ."],
        "1000268201_693b08cb0e": ["A child | a dog ."],
    }
}
FORMS = {
    "tokens": '1000092795.jpg#0\tTwo men, outside .\n1000092795.jpg#1\tA man says "no" .\n10002456.jpg#0\tSeveral men .\n'
    "1000268201_693b08cb0e.jpg#0\tA child | a dog .\n",
    "pipes": 'image_name| comment_number| comment\n1000092795.jpg| 0| Two men, outside .\n1000092795.jpg| 1| A man says "no" .\n'
    "10002456.jpg| 0| Several men .\n1000268201_693b08cb0e.jpg| 0| A child | a dog .\n",
    "commas": 'image,caption\n1000092795.jpg,"Two men, outside ."\n1000092795.jpg,"A man says ""no"" ."\n'
    "10002456.jpg,Several men .\n1000268201_693b08cb0e.jpg,A child | a dog .\n",
    "commas and numbers": 'image_name,comment_number,comment\n1000092795.jpg,0,"Two men, outside ."\n'
    '1000092795.jpg,1,"A man says ""no"" ."\n10002456.jpg,0,Several men .\n1000268201_693b08cb0e.jpg,0,A child | a dog .\n',
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("change", ["plain", "CRLF", "BOM"])
def test_every_form_of_the_captions_says_the_same(flickr: Path, form: str, change: str) -> None:
    content = FORMS[form].encode()
    content = (
        content.replace(b"\n", b"\r\n")
        if change == "CRLF"
        else b"\xef\xbb\xbf" + content
        if change == "BOM"
        else content
    )
    found = imported(open_tokens(flickr, content), flickr / "dataset")
    assert found.captions == EXPECTED
    assert not found.skipped


def test_karpathys_file_has_captions_and_splits(flickr: Path) -> None:
    images = [
        {"filename": name, "split": split, "imgid": 0, "sentences": [{"raw": f"about {name} ."}]}
        for name, split in zip(NAMES, ("train", "val", "test"), strict=True)
    ]
    images.append({"filename": "../outside.jpg", "split": "train", "sentences": []})
    path = write(flickr / "dataset_flickr30k.json", json.dumps({"dataset": "flickr30k", "images": images}))
    source = Flickr.open(str(flickr / "images"), karpathy=path)
    found = imported(source, flickr / "dataset")
    assert list(found.splits.values()) == ["train", "validation", "test"]
    assert found.captions["en"]["10002456"] == ["about 10002456.jpg ."]
    assert found.skipped == [("picture outside the folder", "../outside")]


def test_split_files_and_captions_in_another_language(flickr: Path) -> None:
    tokens = [write(flickr / "Flickr8k.token.txt", FORMS["tokens"])]
    tokens.append("de=" + write(flickr / "de.token", "1000092795.jpg#de#0\tZwei Männer\nunknown.jpg#0\tWer?\n"))
    splits = [
        write(flickr / "Flickr_8k.trainImages.txt", f"{NAMES[0]}\r\n"),
        write(flickr / "Flickr_8k.devImages.txt", "10002456\n"),  # by its number, as Flickr30k Entities has it
    ]
    source = Flickr.open(str(flickr / "images"), tokens=tokens, splits=splits)
    found = imported(source, flickr / "dataset")
    assert found.splits == {"1000092795": "train", "10002456": "validation"}
    assert found.captions["de"] == {"1000092795": ["Zwei Männer"]}
    assert found.skipped == [
        ("picture in no split file", "1000268201_693b08cb0e"),
        ("picture in no split file", "unknown"),
    ]


def test_rows_that_cannot_be_read_and_pictures_that_are_missing_are_listed(flickr: Path) -> None:
    content = FORMS["pipes"].encode() + b"2199200615.jpg| 4   A dog runs .\n" + b"10002456.jpg| 1| ma\xf1ana\n"
    content += "2258277193_586949ec62.jpg.1| 0| Cafe\u0301 .\n".encode()
    found = imported(open_tokens(flickr, content, "results.csv"), flickr / "dataset")
    assert found.captions == EXPECTED
    assert found.skipped == [
        ("missing picture", "2258277193_586949ec62.jpg"),
        ("row that cannot be read", ""),
        ("row that cannot be read", ""),
    ]
    assert "row 6" in found.details and "row 7" in found.details


def test_what_is_no_caption_file_is_told_in_a_sentence(flickr: Path) -> None:
    with pytest.raises(UserError, match="is no file of Flickr's captions"):
        import_source(open_tokens(flickr, "just text\n"), flickr / "dataset")
    with pytest.raises(UserError, match="no column called caption or comment"):
        import_source(open_tokens(flickr, "image,words\na.jpg,b\n"), flickr / "dataset")
    with pytest.raises(UserError, match="is missing"):
        import_source(Flickr.open(str(flickr), tokens=[str(flickr / "absent.token")]), flickr / "dataset")
    with pytest.raises(UserError, match="No captions are named"):
        Flickr.open(str(flickr))
    with pytest.raises(UserError, match="No folder of pictures is named"):
        Flickr.open("", tokens=["a.token"])
    with pytest.raises(UserError, match="does not say which split"):
        Flickr.open(str(flickr), tokens=["a.token"], splits=["images.txt"])


def test_a_changed_file_is_noticed(flickr: Path) -> None:
    source = open_tokens(flickr, FORMS["tokens"])
    before = dict(source.identity())
    assert before == dict(source.identity())
    assert before != dict(open_tokens(flickr, FORMS["tokens"] + "10002456.jpg#1\tMore .\n").identity())
