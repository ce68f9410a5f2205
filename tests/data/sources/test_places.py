"""Where pictures lie, and that no name leads out of their folder."""

import os
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.sources.coco import Coco
from isogloss.data.sources.folder import open_folder
from isogloss.data.sources.places import Folder, key_of
from isogloss.data.sources.webdataset import WebDataset
from isogloss.errors import UserError


@pytest.mark.parametrize(
    ("folder", "name", "place"),
    [
        ("/pictures", "a.jpg", "/pictures/a.jpg"),
        ("/pictures", "./b/../a.jpg", "/pictures/a.jpg"),
        ("/pictures", "b\\a.jpg", "/pictures/b/a.jpg"),
        ("/pictures", "/pictures/b/a.jpg", "/pictures/b/a.jpg"),
        ("/pictures", "https://example.org/a.jpg", "https://example.org/a.jpg"),
        ("/", "/anywhere/a.jpg", "/anywhere/a.jpg"),
        ("/pictures", "../a.jpg", None),
        ("/pictures", "b/../../a.jpg", None),
        ("/pictures", "/etc/passwd", None),
        ("/pictures", "/pictures2/a.jpg", None),
        ("/pictures", "..\\a.jpg", None),
        ("/pictures", "", None),
        ("/pictures", ".", None),
        ("/pictures", "a\0.jpg", None),
        ("s3://bucket/pictures/", "b/a.jpg", "s3://bucket/pictures/b/a.jpg"),
        ("s3://bucket/pictures", "../a.jpg", None),
        ("s3://bucket/pictures", "/a.jpg", None),
    ],
)
def test_locate(folder: str, name: str, place: str | None) -> None:
    assert Folder.of(folder).locate(name) == place


@given(st.text(st.sampled_from("ab./\\ "), max_size=12))
def test_nothing_leads_out(name: str) -> None:
    place = Folder.of("/some/pictures").locate(name)
    assert place is None or Path(os.path.normpath(place)).is_relative_to("/some/pictures")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("a.jpg", "a"),
        ("val2014/COCO_val2014_000000000042.jpg", "val2014/COCO_val2014_000000000042"),
        ("./b/../a.b.jpeg", "a.b"),
        ("no ending", "no ending"),
        ("v1.0/photo", "v1.0/photo"),
        (".hidden", ".hidden"),
        ("/pictures/a.png", "pictures/a"),
        ("https://example.org/a/b.png?size=2#top", "example.org/a/b"),
        ("一只狗.webp", "一只狗"),
    ],
)
def test_keys(name: str, key: str) -> None:
    assert key_of(name) == key


@pytest.mark.parametrize("url", ["nosuch://bucket/a.tar", "absent://bucket/a.tar", "http://127.0.0.1:1/a.tar"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda url: WebDataset.open([url]).identity(),
        lambda url: WebDataset.open([f"{url[:-5]}*"]),
        lambda url: open_folder(url[:-5]),
        lambda url: Coco.open([url], images=["pictures"]).identity(),
    ],
)
def test_what_cannot_be_reached_is_told_in_a_sentence(ask: Callable[[str], object], url: str) -> None:
    """A protocol that nobody knows, one whose client is not installed, and a server that does not answer."""
    fsspec.register_implementation("absent", "no_such_module.FileSystem", clobber=True)
    with pytest.raises(
        UserError, match=r"://\S* (cannot be reached \(.*\); check the address|is missing or cannot be reached)"
    ):
        ask(url)
