"""Folders of pictures with text beside them, tidy and not."""

import json
import os
import pickle
from pathlib import Path

import fsspec
import pytest
from data.sources.imported import imported
from data.sources.pictures import cut, noise, saved

from isogloss.data.sources.folder import open_folder
from isogloss.data.sources.how import Import
from isogloss.data.sources.importing import import_source
from isogloss.data.sources.source import Found
from isogloss.errors import UserError


def picture(path: Path, seed: int = 0, kind: str = "JPEG") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(saved(noise((6, 4), seed=seed), kind))


def test_text_beside_pictures_in_every_way(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    for seed, name in enumerate(("a.jpg", "b.es.jpg", "deep/er/c.jpg", "d.jpg", "e.JPG", "silent.jpg")):
        picture(folder / name, seed)
    (folder / "a.txt").write_bytes("\ufeffone\r\n\r\ntwo\twords\r\ncafe\u0301".encode())
    (folder / "a.es.txt").write_text("uno\n")
    (folder / "a.zh_Hant.txt").write_bytes("一隻狗\n".encode("utf-16"))
    (folder / "b.es.txt").write_text("its own\n")  # of b.es.jpg, whose name ends so
    (folder / "deep" / "er" / "c.json").write_text(json.dumps({"captions": {"en": ["c"], "hi": "सी"}}))
    (folder / "d.json").write_text(json.dumps(["one", "two"]))
    (folder / "e.json").write_text(json.dumps({"caption": "e"}), encoding="utf-8-sig")
    found = imported(open_folder(str(folder)), tmp_path / "dataset")
    assert found.captions == {
        "en": {
            "a": ["one", "two words", "café"],
            "b.es": ["its own"],
            "d": ["one", "two"],
            "deep/er/c": ["c"],
            "e": ["e"],
        },
        "es": {"a": ["uno"]},
        "hi": {"deep/er/c": ["सी"]},
        "zh-Hant": {"a": ["一隻狗"]},
    }
    assert "silent" in found.splits and not found.skipped
    assert found.dataset.information["notes"]["pictures without a caption"] == 1


def test_what_cannot_be_used_is_listed_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    picture(folder / "a.jpg")
    picture(folder / "a.png", 1, "PNG")
    (folder / "a.txt").write_bytes(b"ma\xf1ana")
    (folder / "a.xx-klingon.txt").write_text("nuqneH")
    (folder / "a.json").write_text('{"caption": ')
    (folder / "orphan.txt").write_text("of nothing")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "cut.jpg").write_bytes(cut(saved(noise(), "JPEG")))
    (folder / ".hidden.jpg").write_bytes(b"no")
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (folder / "circle").symlink_to(folder)
    found = imported(open_folder(str(folder)), tmp_path / "dataset")
    assert set(found.splits) == {"a.jpg", "a.png"}  # two pictures of one name
    assert found.skipped == sorted(
        [
            ("caption that is not Unicode", ""),
            ("caption that is not Unicode", ""),
            ("damaged JSON", ""),
            ("damaged JSON", ""),
            ("unknown language", "a"),
            ("captions without a picture", "orphan"),
            ("picture without bytes", "empty"),
            ("damaged picture", "cut"),
        ]
    )


def test_a_name_that_is_not_unicode_does_not_stop_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    picture(folder / "a.jpg")
    Path(os.fsdecode(os.fsencode(folder) + b"/ma\xf1ana.jpg")).write_bytes(saved(noise(), "JPEG"))
    found = imported(open_folder(str(folder)), tmp_path / "dataset")
    assert set(found.splits) == {"a"}
    assert [reason for reason, _ in found.skipped] == ["name that is not Unicode"]


def test_splits_by_the_folders_at_the_top(tmp_path: Path) -> None:
    for seed, name in enumerate(("train/a.jpg", "val/b.jpg", "test/c.jpg")):
        picture(tmp_path / "pictures" / name, seed)
        (tmp_path / "pictures" / name).with_suffix(".txt").write_text(name)
    found = imported(open_folder(str(tmp_path / "pictures")), tmp_path / "dataset")
    assert found.splits == {"train/a": "train", "val/b": "validation", "test/c": "test"}
    picture(tmp_path / "pictures" / "other" / "d.jpg", 4)  # not all are splits, so none is
    found = imported(open_folder(str(tmp_path / "pictures")), tmp_path / "again", Import(jobs=1, validation=0, test=1))
    assert set(found.splits.values()) == {"test"}


@pytest.mark.parametrize("name", ["metadata.jsonl", "metadata.csv", "captions.tsv"])
def test_one_table_for_all_pictures(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "pictures"
    picture(folder / "in" / "a.jpg")
    rows = [("in/a.jpg", "one, two", "uno"), ("../outside.jpg", "no", "no"), ("missing.jpg", "gone", "")]
    if name.endswith("jsonl"):
        lines = [json.dumps({"file_name": file, "text": text, "es": spanish}) for file, text, spanish in rows]
    else:
        mark = "\t" if name.endswith("tsv") else ","
        lines = [mark.join(["file_name", "text", "es"])]
        lines += [mark.join([file, f'"{text}"', spanish]) for file, text, spanish in rows]
    (folder / name).write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    found = imported(open_folder(str(folder), captions=["text", "es=es"]), tmp_path / "dataset")
    assert found.captions == {"en": {"in/a": ["one, two"]}, "es": {"in/a": ["uno"]}}
    assert found.skipped == [("missing picture", "missing"), ("picture outside the folder", "../outside")]


def test_a_remote_folder_by_several_processes(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    memory = fsspec.filesystem("memory")
    memory.pipe({"/folder/in/a.jpg": (tmp_path / "a.jpg").read_bytes(), "/folder/in/a.es.txt": b"uno"})
    try:
        (unit,) = open_folder("memory://folder").units()
        assert pickle.loads(pickle.dumps(unit)) == unit
        (found,) = unit.read()
        assert isinstance(found, Found)
        assert (found.key, found.file, found.captions) == ("in/a", "memory://folder/in/a.jpg", (("es", "uno"),))
    finally:
        memory.rm("/folder", recursive=True)


def test_mistakes_are_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no folder"):
        open_folder(str(tmp_path / "absent"))
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("a")
    with pytest.raises(UserError, match="has no picture by its name"):
        import_source(open_folder(str(tmp_path / "text")), tmp_path / "dataset")
    with pytest.raises(UserError, match="is missing"):
        open_folder(str(tmp_path / "text"), table="words.csv")


def test_a_change_beside_a_picture_is_noticed(tmp_path: Path) -> None:
    picture(tmp_path / "pictures" / "a.jpg")
    source = open_folder(str(tmp_path / "pictures"))
    before = dict(source.identity())
    assert before == dict(source.identity())
    (tmp_path / "pictures" / "a.txt").write_text("now")
    assert before != dict(source.identity())
