"""Attributes of scenes in replies, as the world of shapes reads them."""

import pytest

from isogloss.data.worlds.shapes.grammar import GRAMMARS, caption
from isogloss.data.worlds.shapes.scene import Group, Scene
from isogloss.evaluate.attributes import attributes

SCENE = Scene((Group("red", "circle", "small"), Group("blue", "square", count=2)), "above")
OTHER = Scene((Group("green", "circle", "small"), Group("blue", "square", count=2)), "above")


@pytest.mark.parametrize("language", GRAMMARS)
def test_one_colour_of_nine_attributes_is_wrong(language: str) -> None:
    replies = [caption(SCENE, language), caption(OTHER, language), ""]
    found = attributes([f"{SCENE.key}.0"] * 3, language, replies)
    assert found[:2] == pytest.approx([1, 8 / 9]) and found[2] < 0.5


def test_a_reply_has_a_scene() -> None:
    with pytest.raises(ValueError, match="zip"):
        attributes([f"{SCENE.key}.0"], "en", [])
