"""Unicode CLDR's annotations: every published form gives the same, and a damaged one is named."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.worlds.cldr import PARTS, Annotation, open_annotations, plain
from isogloss.errors import UserError

# locale -> part -> emoji -> (name, keywords)
Words = dict[str, dict[str, dict[str, tuple[str, list[str]]]]]

WORDS: Words = {
    "es": {
        "annotations": {
            "❤": ("corazón rojo", ["corazón", "corazón rojo", "emoción", "emoción"]),
            "👩": ("mujer", ["Mujer", "mujer adulta"]),
        },
        "annotationsDerived": {"👩🏽": ("mujer: tono de piel medio", ["mujer", "tono  de\u00a0piel"])},
    },
    "fa": {"annotations": {"👪": ("خانواده: زن،\u200f مرد", ["می\u200cکند"])}, "annotationsDerived": {}},
    "fr": {"annotations": {"🏁": ("drapeau\u202f: cafe\u0301", [])}, "annotationsDerived": {}},
    "zh-Hant": {"annotations": {"👩": ("女人", ["女"])}, "annotationsDerived": {}},
    "es-419": {"annotations": {"👩": ("mujer adulta", [])}, "annotationsDerived": {}},
}

EXPECTED = {
    "es": {
        "❤": Annotation("corazón rojo", ("corazón", "emoción")),
        "👩": Annotation("mujer", ("mujer adulta",)),
        "👩🏽": Annotation("mujer: tono de piel medio", ("mujer", "tono de piel")),
    },
    "fa": {"👪": Annotation("خانواده: زن، مرد", ("می\u200cکند",))},
    "fr": {"🏁": Annotation("drapeau : café", ())},
    "zh-Hant": {"👩": Annotation("女人", ("女",))},
    "es-419": {"👩": Annotation("mujer adulta", ())},
}

PACKAGES = {"annotations": "cldr-annotations-full", "annotationsDerived": "cldr-annotations-derived-full"}


def json_files(words: Words, part: str) -> dict[str, bytes]:
    files = {"package.json": json.dumps({"version": "48.2.0", "license": "Unicode-3.0"}).encode()}
    for locale, parts in words.items():
        content: dict[str, Any] = {"identity": {"language": locale}}
        if parts[part]:
            content["annotations"] = {
                emoji: {"default": keywords, "tts": [name]} for emoji, (name, keywords) in parts[part].items()
            }
        files[f"{part}/{locale}/annotations.json"] = json.dumps({part: content}).encode()
    return files


def write_json(folder: Path, words: Words, part: str) -> Path:
    for name, content in json_files(words, part).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def write_archive(file: Path, words: Words, part: str) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for name, content in json_files(words, part).items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file


def write_xml(common: Path, words: Words) -> Path:
    for part in PARTS:
        (common / part).mkdir(parents=True)
        for locale, parts in words.items():
            lines = [
                '<?xml version="1.0" encoding="UTF-8" ?>',
                '<!DOCTYPE ldml SYSTEM "../../common/dtd/ldml.dtd">',
            ]
            lines += ["<!-- SPDX-License-Identifier: Unicode-DFS-2016 -->", "<ldml><annotations>"]
            for emoji, (name, keywords) in parts[part].items():
                if keywords:
                    lines.append(f'<annotation cp="{emoji}">{" | ".join(keywords)}</annotation>')
                lines.append(f'<annotation cp="{emoji}" type="tts">{name}</annotation>')
            text = "\n".join([*lines, "</annotations></ldml>"])
            (common / part / f"{locale.replace('-', '_')}.xml").write_text(text, encoding="utf-8")
    (common / "annotations" / "root.xml").write_text("<ldml/>")
    (common / "dtd").mkdir()
    (common / "dtd" / "ldml.dtd").write_text('<!ATTLIST version cldrVersion CDATA #FIXED "41" >')
    return common


def installed(root: Path) -> Path:
    for part, package in PACKAGES.items():
        write_json(root / "node_modules" / package, WORDS, part)
    return root


def unpacked(root: Path) -> Path:
    for part, package in PACKAGES.items():
        write_json(root / f"{package}-48.2.0" / "package", WORDS, part)
    return root


def archived(root: Path) -> Path:
    for part, package in PACKAGES.items():
        write_archive(root / f"{package}-48.2.0.tgz", WORDS, part)
    return root


FORMS: dict[str, Callable[[Path], Path]] = {
    "a project": installed,
    "node_modules": lambda root: installed(root) / "node_modules",
    "one package": lambda root: installed(root) / "node_modules" / PACKAGES["annotations"],
    "the other package": lambda root: installed(root) / "node_modules" / PACKAGES["annotationsDerived"],
    "one folder of a package": lambda root: installed(root) / "node_modules" / PACKAGES["annotations"] / "annotations",
    "both unpacked": unpacked,
    "one unpacked": lambda root: unpacked(root) / "cldr-annotations-full-48.2.0" / "package",
    "a folder of archives": archived,
    "one archive": lambda root: archived(root) / "cldr-annotations-full-48.2.0.tgz",
    "XML": lambda root: write_xml(root / "cldr" / "common", WORDS),
    "above the XML": lambda root: write_xml(root / "cldr" / "common", WORDS).parent,
    "half of the XML": lambda root: write_xml(root / "cldr" / "common", WORDS) / "annotations",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_published_form_reads_the_same(tmp_path: Path, form: str) -> None:
    annotations = open_annotations(FORMS[form](tmp_path))
    assert annotations.languages == ["es", "fa", "fr", "zh-Hant"]
    assert annotations.regional == ["es-419"]
    assert {tag: annotations.read(tag) for tag in EXPECTED} == EXPECTED
    version = ("41", "Unicode-DFS-2016") if "XML" in form else ("48.2.0", "Unicode-3.0")
    assert (annotations.version, annotations.licence) == version


def test_the_fuller_of_two_packages_is_read(tmp_path: Path) -> None:
    installed(tmp_path)
    few = {"es": WORDS["es"]}
    write_json(tmp_path / "node_modules" / "cldr-annotations-modern", few, "annotations")
    write_json(tmp_path / "node_modules" / "cldr-annotations-derived-modern", few, "annotationsDerived")
    assert open_annotations(tmp_path).languages == ["es", "fa", "fr", "zh-Hant"]


def test_norwegian_is_bokmaal(tmp_path: Path) -> None:
    words: Words = {
        "no": {"annotations": {"🏁": ("målflagg", [])}, "annotationsDerived": {}},
        "nn": {"annotations": {"🏁": ("målflagg", [])}, "annotationsDerived": {}},
    }
    assert open_annotations(write_xml(tmp_path / "common", words)).languages == ["nb", "nn"]


def test_inherited_names_are_no_names(tmp_path: Path) -> None:
    words: Words = {"es": {"annotations": {"👩": ("↑↑↑", ["x"]), "🏁": ("meta", [])}, "annotationsDerived": {}}}
    assert set(open_annotations(write_xml(tmp_path / "common", words)).read("es")) == {"🏁"}


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is nothing at"):
        open_annotations(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no CLDR annotations"):
        open_annotations(tmp_path / "empty")
    (tmp_path / "half" / "annotations").mkdir(parents=True)
    with pytest.raises(UserError, match="holds no CLDR annotations"):
        open_annotations(tmp_path / "half")


@pytest.mark.parametrize(("there", "missing"), [PARTS, PARTS[::-1]])
def test_one_half_is_not_enough(tmp_path: Path, there: str, missing: str) -> None:
    write_json(tmp_path / "a" / "b" / PACKAGES[there], WORDS, there)
    with pytest.raises(UserError, match=f"'{missing}' is missing"):
        open_annotations(tmp_path / "a" / "b" / PACKAGES[there])


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"{",
        b'{"annotations": {"annotations": {"a": {"tts": ["\xff"]}}}}',
        b'{"something else": {}}',
        b'["annotations"]',
        b'{"annotations": {"annotations": {"a": {"tts": [7]}}}}',
        b'{"annotations": {"annotations": ["a"]}}',
    ],
)
def test_damaged_json(tmp_path: Path, damaged: bytes) -> None:
    root = installed(tmp_path) / "node_modules"
    (root / PACKAGES["annotations"] / "annotations" / "es" / "annotations.json").write_bytes(damaged)
    annotations = open_annotations(root)
    with pytest.raises(UserError, match=r"es/annotations.json is damaged \("):
        annotations.read("es")
    assert annotations.read("zh-Hant") == EXPECTED["zh-Hant"]


@pytest.mark.parametrize(
    "damaged", [b"", b"<ldml><annotations>", b"<html/>", b"<ldml><annotation/></ldml>", b"<ldml>\xff</ldml>"]
)
def test_damaged_xml(tmp_path: Path, damaged: bytes) -> None:
    common = write_xml(tmp_path / "common", WORDS)
    (common / "annotations" / "es.xml").write_bytes(damaged)
    with pytest.raises(UserError, match=r"es.xml is damaged \("):
        open_annotations(common).read("es")


def test_damaged_archive(tmp_path: Path) -> None:
    file = archived(tmp_path) / "cldr-annotations-full-48.2.0.tgz"
    content = file.read_bytes()
    for damaged in (b"", b"not an archive", content[: len(content) // 2]):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match=r"full-48.2.0.tgz cannot be read as a .tgz"):
            open_annotations(file)


def test_damaged_package_file(tmp_path: Path) -> None:
    root = installed(tmp_path) / "node_modules"
    (root / PACKAGES["annotations"] / "package.json").write_text("{")
    with pytest.raises(UserError, match=r"package.json cannot be read"):
        open_annotations(root)


@given(st.text())
def test_plain_text_is_at_rest(text: str) -> None:
    once = plain(text)
    assert plain(once) == once == once.strip()
    assert "  " not in once
