"""Tars as img2dataset, WebDataset, GNU tar and isogloss itself write them, whole and cut."""

import gzip
import io
import json
import pickle
import subprocess
import tarfile
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from cli.program import Program
from data.sources.imported import imported
from data.sources.pictures import SOUND, cut, noise, saved

from isogloss.data.sources.archive import ArchiveError, members
from isogloss.data.sources.how import Import
from isogloss.data.sources.importing import import_source
from isogloss.data.sources.source import Found, Skipped
from isogloss.data.sources.webdataset import WebDataset, expand
from isogloss.errors import UserError


def jpeg(seed: int) -> bytes:
    return saved(noise((6, 4), seed=seed), "JPEG")


def archive(path: Path, files: Sequence[tuple[str, bytes | str]], kind: int = tarfile.GNU_FORMAT) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=kind) as tar:
        for name, content in files:
            content = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return str(path)


def sample(key: str, seed: int, text: str, **fields: object) -> list[tuple[str, bytes | str]]:
    """As img2dataset writes them, in the alphabetical order of its endings."""
    about = {"caption": text, "url": f"https://example.org/{key}", "key": key, "status": "success", **fields}
    return [(f"{key}.jpg", jpeg(seed)), (f"{key}.json", json.dumps(about)), (f"{key}.txt", text)]


def samples(first: int, count: int) -> list[tuple[str, bytes | str]]:
    return [file for n in range(first, first + count) for file in sample(f"{n:09}", n, f"picture {n}")]


def read(path: str, *captions: str) -> list[Found | Skipped]:
    return [entry for unit in WebDataset.open([path], captions=captions).units() for entry in unit.read()]


def test_tars_of_img2dataset_read_by_two_processes(tmp_path: Path) -> None:
    for shard in range(3):
        archive(tmp_path / "shards" / f"{shard:05}.tar", samples(10 * shard, 3))
        (tmp_path / "shards" / f"{shard:05}_stats.json").write_text("{}")
    source = WebDataset.open([str(tmp_path / "shards")])
    found = imported(source, tmp_path / "dataset", Import(jobs=2))
    assert found.captions["en"] == {
        f"{n:09}": [f"picture {n}"] for shard in range(3) for n in range(10 * shard, 10 * shard + 3)
    }
    assert not found.skipped
    rows = found.dataset.images().to_pylist()
    assert {row["file"] for row in rows} == {str(tmp_path / "shards" / f"{shard:05}.tar") for shard in range(3)}


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_offsets_are_those_of_the_bytes(tmp_path: Path, kind: int) -> None:
    long = f"{'deep/' * 25}{'n' * 90}" if kind == tarfile.USTAR_FORMAT else f"{'deep/' * 40}{'ñ' * 120}"
    path = archive(tmp_path / "a.tar", [*sample("./folder/a", 0, "a"), *sample(long, 1, "b")], kind)
    found = read(path)
    assert [one.key for one in found] == ["folder/a", long]
    for one, seed in zip(found, (0, 1), strict=True):
        assert isinstance(one, Found) and one.content == jpeg(seed)
        assert Path(path).read_bytes()[one.offset :].startswith(jpeg(seed))


def test_a_tar_of_gnu_tar_with_folders_and_links(tmp_path: Path) -> None:
    folder = tmp_path / "here" / "pictures"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(jpeg(0))
    (folder / "a.txt").write_text("a")
    (folder / "._a.jpg").write_bytes(b"Mac OS X")
    (folder / "b.jpg").symlink_to("a.jpg")
    (folder / "c.jpg").hardlink_to(folder / "a.jpg")
    (folder / "d.jpg").write_bytes(jpeg(1))
    subprocess.run(["tar", "cf", tmp_path / "a.tar", "--sort=name", "-C", tmp_path / "here", "."], check=True)
    found = imported(WebDataset.open([str(tmp_path / "a.tar")]), tmp_path / "dataset")
    assert set(found.splits) == {"pictures/a", "pictures/d"}
    assert found.skipped == [("link in an archive", "")] * 2
    assert found.captions == {"en": {"pictures/a": ["a"]}}


def test_captions_from_keys_of_the_json(tmp_path: Path) -> None:
    about = {"caption_es": "uno", "captions": {"ja": ["一", "壱"], "hi": None}, "a.b": "flat", "empty": ""}
    path = archive(tmp_path / "a.tar", [*sample("a", 0, "one", **about), *sample("b", 1, "two")])
    entries = read(path, "caption", "es=caption_es", "ja=captions.ja", "hi=captions.hi", "de=a.b", "fr=empty", "gl=txt")
    captions = [one.captions for one in entries if isinstance(one, Found)]
    assert captions == [
        (("en", "one"), ("es", "uno"), ("ja", "一"), ("ja", "壱"), ("de", "flat"), ("gl", "one")),
        (("en", "two"), ("gl", "two")),
    ]


def test_captions_where_they_usually_are(tmp_path: Path) -> None:
    exported = {"captions": {"en": [{"text": "one", "score": 1.0}], "es": [{"text": "uno"}, {"text": "una"}]}}
    files = [("a.jpg", jpeg(0)), ("a.json", json.dumps(exported)), ("a.txt", "one")]
    files += [("b.jpg", jpeg(1)), ("b.json", json.dumps({"caption": "from JSON"}))]
    files += [("c.jpg", jpeg(2)), ("c.txt", "from text"), ("c.json", json.dumps({"caption": "from JSON"}))]
    files += [
        ("d.jpg", jpeg(3)),
        ("d.json", "[1]"),
        ("e.png", saved(noise(), "PNG")),
        ("e.cls", "7"),
        ("e.npy", b"\x93NUMPY"),
    ]
    captions = {one.key: one.captions for one in read(archive(tmp_path / "a.tar", files)) if isinstance(one, Found)}
    assert captions == {
        "a": (("en", "one"), ("es", "uno"), ("es", "una")),
        "b": (("en", "from JSON"),),
        "c": (("en", "from text"),),
        "d": (),
        "e": (),
    }


def test_dirty_text_and_files_that_belong_to_nothing(tmp_path: Path) -> None:
    files: list[tuple[str, bytes | str]] = [
        *[("a.jpg", jpeg(0)), ("a.txt", b"\xef\xbb\xbfcafe\xcc\x81\tand\r\nmore ")],
        *[("b.jpg", jpeg(1)), ("b.txt", b"ma\xf1ana")],
        *[("c.jpg", jpeg(2)), ("c.json", '{"caption": "cut')],
        *[("d.txt", "no picture"), ("e.json", '{"caption": "none here"}'), ("f.npy", b"of no matter")],
        *[("g.jpg", jpeg(3)), ("g.png", saved(noise(), "PNG")), ("g.txt", "g")],
        *[("h.jpg", b""), ("i.jpg", cut(saved(noise(), "JPEG"))), ("i.txt", "cut")],
        *[("../j.jpg", jpeg(4)), ("x/../../j.jpg", jpeg(5)), ("/k.jpg", jpeg(6)), ("K.v2.JPG", jpeg(7))],
    ]
    found = imported(WebDataset.open([archive(tmp_path / "a.tar", files)]), tmp_path / "dataset")
    assert set(found.splits) == {"a", "b", "c", "g", "k", "K"}
    assert found.captions == {"en": {"a": ["café and more"], "g": ["g"]}}
    assert found.skipped == sorted(
        [
            ("caption that is not Unicode", "b"),
            ("damaged JSON", "c"),
            ("captions without a picture", "d"),
            ("captions without a picture", "e"),
            ("further picture of a sample", "g"),
            ("picture without bytes", "h"),
            ("damaged picture", "i"),
            ("name that leads out of the archive", ""),
            ("name that leads out of the archive", ""),
        ]
    )


def test_keys_that_come_twice_in_a_tar_and_in_two(tmp_path: Path) -> None:
    first = [*sample("a", 0, "a"), *sample("a", 1, "another"), *sample("b", 2, "b"), *sample("a", 0, "a once more")]
    archive(tmp_path / "shards" / "0.tar", first)
    archive(tmp_path / "shards" / "1.tar", sample("a", 3, "of the second tar"))
    found = imported(WebDataset.open([str(tmp_path / "shards")]), tmp_path / "dataset")
    assert found.captions["en"] == {
        "a": ["a", "a once more"],
        "0/a": ["another"],
        "b": ["b"],
        "1/a": ["of the second tar"],
    }
    assert found.dataset.information["notes"]["listed more than once"] == 1


def test_a_tar_that_was_cut_gives_what_is_whole(tmp_path: Path) -> None:
    whole = Path(archive(tmp_path / "whole.tar", samples(0, 8))).read_bytes()
    with tarfile.open(tmp_path / "whole.tar") as tar:
        offsets = {member.name: member for member in tar}
    third = offsets["000000003.jpg"]
    cuts = {
        "in a picture": third.offset_data + third.size // 2,
        "in a header": third.offset + 100,
        "between two samples": third.offset,
        "in a caption": offsets["000000003.txt"].offset_data + 3,
        "before the end mark": offsets["000000007.txt"].offset_data + 512,
    }
    for name, end in cuts.items():
        path = tmp_path / f"{name}.tar"
        path.write_bytes(whole[:end])
        found = imported(WebDataset.open([str(path)]), tmp_path / f"dataset {name}")
        pictures = 8 if "end mark" in name else 4 if "caption" in name else 3
        assert len(found.splits) == pictures, name
        assert found.skipped == [("damaged archive", "")], name
    damaged = bytearray(whole)
    damaged[third.offset : third.offset + 512] = b"\x77" * 512
    (tmp_path / "damaged.tar").write_bytes(damaged)
    found = imported(WebDataset.open([str(tmp_path / "damaged.tar")]), tmp_path / "dataset damaged")
    assert len(found.splits) == 3 and found.details == [f"it is damaged at byte {third.offset:,}"]


def test_what_is_no_plain_tar_beside_one_that_is(tmp_path: Path) -> None:
    archive(tmp_path / "shards" / "0.tar", samples(0, 1))
    (tmp_path / "shards" / "1.tar").write_bytes(gzip.compress((tmp_path / "shards" / "0.tar").read_bytes()))
    (tmp_path / "shards" / "2.tar").write_bytes(b"")
    (tmp_path / "shards" / "3.tar").write_bytes(b"<html>404</html>" * 100)
    found = imported(WebDataset.open([str(tmp_path / "shards")]), tmp_path / "dataset")
    assert list(found.splits) == ["000000000"]
    assert found.skipped == [("compressed archive", ""), ("damaged archive", ""), ("damaged archive", "")]
    assert any("decompress it, as it is gzip" in detail for detail in found.details)


def test_the_tar_that_an_import_keeps(tmp_path: Path) -> None:
    # Keys without endings, and with dots that are none.
    files = [("a", jpeg(0)), ("folder/v1.0_b", jpeg(1)), ("v1.0_c", saved(noise(), "WEBP")), ("notes", b"no picture")]
    found = imported(WebDataset.open([archive(tmp_path / "pictures-000000.tar", files)]), tmp_path / "dataset")
    assert set(found.splits) == {"a", "folder/v1.0_b", "v1.0_c"}


@pytest.mark.parametrize("kind", SOUND)
def test_pictures_of_every_kind(tmp_path: Path, kind: str) -> None:
    entries = read(archive(tmp_path / "a.tar", [("a.jpg", SOUND[kind]()), ("a.txt", kind)]))
    assert [one.content for one in entries if isinstance(one, Found)] == [SOUND[kind]()]


def test_braces_stars_splits_and_several_paths(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for shard in range(9, 12):
            archive(tmp_path / split / f"{shard:03}.tar", samples(100 * shard + (split == "val"), 1))
    words = [f"train={tmp_path}/train/{{009..010}}.tar", f"val={tmp_path}/val/*.tar", f"{tmp_path}/train/011.tar"]
    found = imported(WebDataset.open(words), tmp_path / "dataset", Import(jobs=1, validation=0, test=1))
    assert list(found.splits.values()) == ["train", "train", "validation", "validation", "validation", "test"]
    assert list(expand("s3://a/{x,y}/{0..2}.tar"))[:4] == [
        "s3://a/x/0.tar",
        "s3://a/x/1.tar",
        "s3://a/x/2.tar",
        "s3://a/y/0.tar",
    ]
    same = WebDataset.open([f"{tmp_path}/train", f"{tmp_path}/val"])
    assert len({tar.place for tar in same.archives}) == 6


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server of the files in a folder."""
    handler = partial(_Quiet, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


def test_remote_tars_are_read_as_local_ones(tmp_path: Path) -> None:
    path = Path(archive(tmp_path / "a.tar", [*samples(0, 5), ("v1.0_x", jpeg(9))]))
    memory = fsspec.filesystem("memory")
    memory.pipe("/webdataset/shards/a.tar", path.read_bytes())
    try:
        there = read("memory://webdataset/shards")
        assert [(one.key, one.offset, one.content) for one in there if isinstance(one, Found)] == [
            (one.key, one.offset, one.content) for one in read(str(path)) if isinstance(one, Found)
        ]
        assert len(there) == 6
        assert {one.file for one in there} == {"memory:///webdataset/shards/a.tar"}
    finally:
        memory.rm("/webdataset", recursive=True)


def test_tars_of_a_web_server(tmp_path: Path, server: str) -> None:
    path = archive(tmp_path / "a.tar", samples(0, 2))
    there, here = read(f"{server}/a.tar"), read(path)
    assert [(one.key, one.captions) for one in there if isinstance(one, Found)] == [
        (one.key, one.captions) for one in here if isinstance(one, Found)
    ]
    assert {one.file for one in there} == {f"{server}/a.tar"}
    with pytest.raises(UserError, match="missing or cannot be reached"):
        WebDataset.open([f"{server}/b.tar"]).identity()


def test_mistakes_are_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(UserError, match=r"holds no \.tar"):
        WebDataset.open([str(tmp_path / "empty")])
    with pytest.raises(UserError, match="gunzip"):
        WebDataset.open([str(tmp_path / "a.tar.gz")])
    with pytest.raises(UserError, match="No archive is named"):
        WebDataset.open([])
    with pytest.raises(UserError, match="is missing"):
        import_source(WebDataset.open([str(tmp_path / "{0..3}.tar")]), tmp_path / "dataset")


def test_a_changed_tar_is_noticed_and_units_can_be_sent_to_processes(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar", samples(0, 1))
    source = WebDataset.open([path])
    assert pickle.loads(pickle.dumps(list(source.units()))) == list(source.units())
    before = dict(source.identity())
    archive(tmp_path / "a.tar", samples(0, 9))
    assert before != dict(source.identity())


def test_members_are_not_kept(tmp_path: Path) -> None:
    """An archive of any length takes no more memory than its largest member."""
    path = archive(tmp_path / "a.tar", [(f"{n}.txt", "x") for n in range(2000)])
    with Path(path).open("rb") as file:
        assert [member.name for member in members(file)] == [f"{n}.txt" for n in range(2000)]
    with pytest.raises(ArchiveError):
        list(members(io.BytesIO(b"no tar" * 200)))


def test_a_key_that_no_sample_has_is_told(tmp_path: Path, isogloss: Program) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for name, content in (
            ("1.png", saved(noise(), "PNG")),
            ("1.json", b'{"caption": "an ant", "caption_es": "x"}'),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    command = ("data", "webdataset", tmp_path / "a.tar", tmp_path / "out", "--captions", "caption", "es=captio_es")
    done = isogloss(*command, "--jobs", "1")
    assert done.code == 0, done.errors
    assert "No caption in 'es' was found; is es=captio_es written as in the source?" in done.output
