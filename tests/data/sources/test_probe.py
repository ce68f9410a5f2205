"""What a picture's bytes are, found without decoding the sound ones."""

import hashlib

import pytest
from data.sources.pictures import SIZE, SOUND, UNSOUND, noise, saved
from PIL import Image

from isogloss.data.images import decode
from isogloss.data.sources.probe import Probed, Unusable, probe


@pytest.mark.parametrize("decoded", [False, True])
@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_picture_has_the_size_that_training_will_see(kind: str, decoded: bool) -> None:
    content = SOUND[kind]()
    assert decode(content, kind).size == SIZE
    assert probe(content, decoded) == Probed(*SIZE, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("kind", UNSOUND)
def test_an_unsound_picture_is_told_with_its_reason(kind: str) -> None:
    make, reason = UNSOUND[kind]
    found = probe(make())
    assert isinstance(found, Unusable), kind
    assert found.reason == reason


def test_damage_in_the_middle_is_found_by_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved(noise(), "PNG")
    middle = len(content) // 2
    damaged = content[:middle] + bytes(100) + content[middle + 100 :]
    assert isinstance(probe(damaged), Probed)
    assert isinstance(probe(damaged, decoded=True), Unusable)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_sound_picture_is_not_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved(noise(), kind)

    def refuse(*arguments: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "load", refuse)
    monkeypatch.setattr("isogloss.data.sources.probe.decode", refuse)
    assert isinstance(probe(content), Probed)
