"""`isogloss train RECIPE --estimate`: what is printed, and that nothing is trained."""

import re
from pathlib import Path

import pytest
from cli.program import Program


def test_the_command_prints_it_and_trains_nothing(
    isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--estimate", "--assume-images", "640", "--price-per-hour", "2.5", "--training.precision", "float32"]
    done = isogloss("train", "clip_emoji_parallel", *options)
    assert done.code == 0, done.errors
    for told in (
        "H200 SXM",
        "this machine",
        "text stage: 128 images",
        "An epoch has 10 steps.",
        "2.7 million weights, products in float32",
    ):
        assert told in done.output
    assert not list(tmp_path.iterdir())

    text = isogloss("train", "text_emoji", "--estimate")
    assert text.code == 0, text.errors
    assert "256 captions" in text.output
    assert "--assume-images" in text.output, "nobody said how many there are"


def test_what_it_is_counted_with_is_said(isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plain = isogloss("train", "lm_shapes", "--estimate")
    options = ("--training.micro-batches", "6", "--training.gradient-checkpointing")
    small = isogloss("train", "lm_shapes", "--estimate", *options)
    assert (plain.code, small.code) == (0, 0), (plain.errors, small.errors)
    for done, parts, again in ((plain, "1", "off"), (small, "6", "on")):
        assert re.search(rf"micro_batches +│ {parts} ", done.output)
        assert re.search(rf"gradient_checkpointing +│ {again} ", done.output)


@pytest.mark.parametrize(("width", "price"), [(80, ("--price-per-hour", "2.5")), (120, ())])
def test_nothing_is_cut_off_on_a_narrow_terminal(
    width: int, price: tuple[str, ...], isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", str(width))
    # A step so large that no device of the table holds it.
    large = ["--assume-images", "1200000", "--data.images-per-step", "60000", "--training.steps", "40000"]
    done = isogloss("train", "clip_emoji_parallel", "--estimate", *large, *price)
    assert done.code == 0, done.errors
    assert "…" not in done.output
    assert max(len(line) for line in done.output.splitlines()) <= width
    headings = [tuple(re.findall(r"[\w/ ]+", line)) for line in done.output.splitlines() if line.startswith("┃")]
    words = [tuple(word.strip() for word in heading) for heading in headings]
    cost = ("cost",) if price else ()
    assert words[-1] == ("device", "a step", "images/s", "both runs", "peak memory", *cost)
    assert all(each[0] == "in each of" and each[-1].endswith("steps") for each in words[:-1])
    assert done.output.count("little") == 6, "of each device"
    assert "│ this machine," in done.output
    assert "alone on it " in done.output
    told = " ".join(done.output.split())
    assert "Decoding, which has to keep up with images/s, and logging are not counted" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--price-per-hour", "2"), "--price-per-hour is for an estimate; give it with --estimate, or leave it out."),
        (("--estimate", "--assume-tokens", "0"), "The number of images and of tokens to assume is a whole number"),
        (("--estimate", "--assume-utilisation", "2"), "The utilisation to assume is 2; give a share above 0"),
        (
            ("--estimate", "--text.model", "./absent"),
            "The text tower './absent' is missing; name a folder that is there",
        ),
        (("--estimate", "--assume-image", "4"), "There is no field 'assume-image'; did you mean 'assume-images'?"),
    ],
)
def test_what_is_wrong_is_told(
    arguments: tuple[str, ...], told: str, isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = isogloss("train", "clip_emoji_parallel", *arguments)
    assert done.code == 2
    assert done.sentence.startswith(f"isogloss: {told}")
    assert not list(tmp_path.iterdir())
