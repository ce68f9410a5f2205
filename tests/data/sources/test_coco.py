"""COCO's annotation files and Karpathy's split file, in both of COCO's editions, clean and not."""

import json
from pathlib import Path
from typing import Any

import pytest
from data.sources.imported import imported
from data.sources.pictures import cut, noise, saved

from isogloss.data.sources.coco import Coco
from isogloss.data.sources.how import Import
from isogloss.data.sources.importing import import_source
from isogloss.errors import UserError


def pictures(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        (folder / name).write_bytes(saved(noise((6, 4), seed=seed + 100 * len(str(folder))), "JPEG"))
    return folder


def annotations(
    path: Path, names: dict[Any, str], captions: list[tuple[int, Any, Any]], encoding: str = "utf-8"
) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "info": {"year": 2017},
        "images": [{"id": number, "file_name": name, "width": 6, "height": 4} for number, name in names.items()],
        "annotations": [{"id": one, "image_id": image, "caption": text} for one, image, text in captions],
    }
    path.write_text(json.dumps(document, indent=1).replace("\n", "\r\n"), encoding=encoding)
    return str(path)


def karpathy(path: Path, images: list[dict[str, Any]]) -> str:
    path.write_text(json.dumps({"dataset": "coco", "images": images}))
    return str(path)


def sentence(text: str) -> dict[str, Any]:
    return {"raw": text, "tokens": text.lower().split(), "imgid": 0, "sentid": 0}


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """COCO 2017 as its archives unpack: annotations/ and the folders of pictures beside it."""
    names = {part: {number: f"{number:012}.jpg" for number in numbers} for part, numbers in PARTS.items()}
    for part, listed in names.items():
        pictures(tmp_path / part, *listed.values())
        captions = [(1000 - number, number, f"picture {number}") for number in listed]
        annotations(tmp_path / "annotations" / f"captions_{part}.json", listed, captions)
    return tmp_path


PARTS = {"train2017": range(1, 5), "val2017": range(11, 43)}


def test_train_and_val_by_their_names_with_half_of_val_as_the_test(coco: Path) -> None:
    files = [str(coco / "annotations" / f"captions_{part}.json") for part in PARTS]
    found = imported(Coco.open(files), coco / "dataset")
    assert set(found.splits) == {f"{number:012}" for numbers in PARTS.values() for number in numbers}
    assert {key for key, split in found.splits.items() if split == "train"} == {f"{n:012}" for n in PARTS["train2017"]}
    held_out = [found.splits[f"{number:012}"] for number in PARTS["val2017"]]
    assert 8 <= held_out.count("test") <= 24 and set(held_out) == {"test", "validation"}
    assert found.captions["en"]["000000000011"] == ["picture 11"]
    assert not found.skipped
    # The pictures stay where they are.
    assert found.dataset.images()["file"][0].as_py() == str(coco / "train2017" / "000000000001.jpg")


def test_a_train_file_alone_is_divided_by_the_shares(coco: Path) -> None:
    source = Coco.open([str(coco / "annotations" / "captions_train2017.json")])
    found = imported(source, coco / "dataset", Import(jobs=1, validation=0.5, test=0.5))
    assert len(found.splits) == 4 and set(found.splits.values()) <= {"validation", "test"}


def test_captions_stand_in_the_order_of_their_ids_cleaned(tmp_path: Path) -> None:
    pictures(tmp_path / "train2014", "COCO_train2014_000000000009.jpg")
    texts = [(30, 9, "third\tone\r\n"), (10, 9, "first"), (20, 9, "Cafe\u0301"), (40, 9, "  "), (50, 9, "first ")]
    path = annotations(tmp_path / "captions_train2014.json", {9: "COCO_train2014_000000000009.jpg"}, texts, "utf-8-sig")
    found = imported(Coco.open([path]), tmp_path / "dataset")
    assert found.captions == {"en": {"000000000009": ["first", "Café", "third one"]}}
    assert found.skipped == [("empty caption", "000000000009")]


def test_faults_of_an_annotation_file_are_listed_with_their_reason(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pictures", "a.jpg", "b.jpg", "cut.jpg")
    (folder / "cut.jpg").write_bytes(cut(saved(noise(), "JPEG")))
    names = {1: "a.jpg", 2: "missing.jpg", 3: "../../secret.jpg", 4: "cut.jpg", 5: ""}
    texts = [
        (1, 1, "a"),
        (1, 1, "b"),
        (2, 99, "whose?"),
        (3, 1, ["c"]),
        (4, 3, "secret"),
        (5, 2, "gone"),
        (6, 4, "cut"),
    ]
    path = Path(annotations(tmp_path / "captions.json", names, texts))
    document = json.loads(path.read_text())
    document["images"].append({"id": 1, "file_name": "b.jpg"})
    path.write_text(json.dumps(document))
    found = imported(Coco.open([str(path)], images=[str(folder)]), tmp_path / "dataset")
    assert found.captions == {"en": {"a": ["a", "b"]}}
    assert found.skipped == sorted(
        [
            ("missing picture", "missing"),
            ("picture outside the folder", "../../secret"),
            ("damaged picture", "cut"),
            ("row without a picture", ""),
            ("number of another picture", "b"),
            ("caption of an unknown picture", "99"),
            ("caption that is not text", "a"),
        ]
    )


def test_a_file_in_another_language_adds_captions_to_the_same_pictures(coco: Path) -> None:
    # As STAIR names COCO's pictures: by their name of 2014, though the folder is that of 2017.
    names = {1: "COCO_train2014_000000000001.jpg", 77: "COCO_train2014_000000000077.jpg"}
    stair = annotations(coco / "stair_captions_v1.2_train.json", names, [(1, 1, "犬がいる"), (2, 77, "猫")])
    files = [str(coco / "annotations" / "captions_train2017.json"), f"ja={stair}"]
    found = imported(Coco.open(files, images=[str(coco / "train2017")]), coco / "dataset")
    assert found.captions["ja"] == {"000000000001": ["犬がいる"]}
    assert len(found.captions["en"]) == len(found.splits) == 4
    assert found.skipped == [("missing picture", "000000000077")]


def test_karpathys_file_is_enough_with_the_pictures(tmp_path: Path) -> None:
    folders = [
        pictures(tmp_path / f"{part}2014", *(f"COCO_{part}2014_{n:012}.jpg" for n in ns)) for part, ns in TWO.items()
    ]
    images = [
        {
            "filepath": f"{part}2014",
            "filename": f"COCO_{part}2014_{number:012}.jpg",
            "split": split,
            "cocoid": number,
            "sentences": [sentence(f"one of {number}"), sentence(f"two of {number}\n")],
        }
        for part, number, split in (("train", 1, "train"), ("val", 2, "restval"), ("val", 3, "val"), ("val", 4, "test"))
    ]
    source = Coco.open(karpathy=karpathy(tmp_path / "dataset_coco.json", images), images=[str(one) for one in folders])
    found = imported(source, tmp_path / "dataset")
    splits = {1: "train", 2: "train", 3: "validation", 4: "test"}
    assert found.splits == {f"{number:012}": split for number, split in splits.items()}
    assert found.captions["en"]["000000000004"] == ["one of 4", "two of 4"]


TWO = {"train": [1], "val": [2, 3, 4]}


def test_karpathys_splits_hold_for_the_pictures_of_2017_and_for_annotations(coco: Path) -> None:
    images = [
        {"filepath": "val2014", "filename": f"COCO_val2014_{n:012}.jpg", "split": split, "cocoid": n, "sentences": []}
        for n, split in ((1, "test"), (2, "val"))
    ]
    source = Coco.open(
        [str(coco / "annotations" / "captions_train2017.json")],
        karpathy=karpathy(coco / "dataset_coco.json", images),
    )
    found = imported(source, coco / "dataset")
    assert found.splits == {"000000000001": "test", "000000000002": "validation"}
    assert found.captions["en"]["000000000002"] == ["picture 2"]
    unlisted = "picture that the split file does not list"
    assert found.skipped == [(unlisted, "000000000003"), (unlisted, "000000000004")]


def test_what_is_no_caption_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    folder = str(pictures(tmp_path / "pictures", "a.jpg"))
    boxes = tmp_path / "instances_val2017.json"
    boxes.write_text(
        json.dumps({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": [{"image_id": 1, "bbox": [0]}]})
    )
    cases = {
        boxes: "no annotation with a caption",
        tmp_path / "image_info_test2017.json": "no list 'annotations'",
        tmp_path / "cut.json": "cannot be read as JSON",
        tmp_path / "list.json": "should hold a JSON object, not a list",
        tmp_path / "absent.json": "is missing",
    }
    (tmp_path / "image_info_test2017.json").write_text(json.dumps({"images": []}))
    (tmp_path / "cut.json").write_bytes(boxes.read_bytes()[:40])
    (tmp_path / "list.json").write_text("[]")
    for path, said in cases.items():
        with pytest.raises(UserError, match=said):
            import_source(Coco.open([str(path)], images=[folder]), tmp_path / "dataset")
    with pytest.raises(UserError, match="not Karpathy's split file"):
        import_source(Coco.open(karpathy=str(boxes), images=[folder]), tmp_path / "dataset")
    with pytest.raises(UserError, match="No captions are named"):
        Coco.open()
    with pytest.raises(UserError, match="--images"):
        Coco.open([str(tmp_path / "captions_train2017.json")])
    with pytest.raises(UserError, match="language"):
        Coco.open([f"qqq={boxes}"], images=[folder])


def test_a_changed_file_is_noticed(coco: Path) -> None:
    path = coco / "annotations" / "captions_train2017.json"
    before = dict(Coco.open([str(path)]).identity())
    assert before == dict(Coco.open([str(path)]).identity())
    path.write_text(path.read_text().replace("picture 1", "picture one"))
    assert before != dict(Coco.open([str(path)]).identity())
