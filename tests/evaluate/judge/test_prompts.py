"""What the judge is shown."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from evaluate.judge.bench import comparisons
from PIL import Image

from isogloss.errors import UserError
from isogloss.evaluate.judge import prompts
from isogloss.evaluate.judge.prompts import messages, prompt_hash

ONE = comparisons(3, ["ja"])[2]


def test_both_orders_differ_in_the_order_alone() -> None:
    system, user = messages(ONE, "ours first")
    swapped = messages(ONE, "reference first")
    assert swapped[0] == system
    text = user["content"]
    for part in ("Question 2?", "Picture 0: two dogs.", "in Japanese", prompts.WANTED["reasoning"]):
        assert part in text
    assert text.index(ONE.ours) < text.index(ONE.reference)
    assert swapped[1]["content"] == text.replace(ONE.ours, "X").replace(ONE.reference, ONE.ours).replace(
        "X", ONE.reference
    )


def test_answers_with_braces_are_shown_as_they_are() -> None:
    _, user = messages(replace(ONE, ours="{first} {0} {"), "ours first")
    assert "<answer A>\n{first} {0} {\n</answer A>" in user["content"]


def test_a_picture_is_attached_only_where_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    Image.new("RGB", (4, 4), "red").save(path)
    shown = replace(ONE, question=replace(ONE.question, image=path))
    assert messages(shown, "ours first") == messages(ONE, "ours first")
    text, picture = messages(shown, "ours first", pictures=True)[1]["content"]
    assert prompts.SEEN in text["text"] and "two dogs" in text["text"]
    kind, content = picture["image_url"]["url"].split(",")
    assert kind == "data:image/webp;base64" and base64.b64decode(content) == path.read_bytes()
    without = replace(shown, question=replace(shown.question, context=""))
    assert messages(without, "ours first", pictures=True)
    with pytest.raises(UserError, match=r"The question 'q2' \(ja\) has no context; add one, or .* --pictures"):
        messages(without, "ours first")
    path.write_bytes(b"no picture")
    with pytest.raises(UserError, match=f"The picture {path} cannot be read"):
        messages(shown, "ours first", pictures=True)


def test_the_hash_is_of_every_word(monkeypatch: pytest.MonkeyPatch) -> None:
    before = prompt_hash()
    assert prompt_hash() == before
    monkeypatch.setitem(prompts.WANTED, "detail", "A good answer is long.")
    assert prompt_hash() != before
