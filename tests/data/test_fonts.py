"""The colour-emoji font: what it draws, what it cannot, and where it is looked for."""

import sys
from pathlib import Path

import pytest
from data.miniature_font import glyph_picture, miniature_font
from PIL import Image

from isogloss.data.worlds import fonts
from isogloss.data.worlds.fonts import EmojiFont, open_font
from isogloss.errors import UserError


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> EmojiFont:
    return open_font(miniature_font(tmp_path_factory.mktemp("font") / "miniature.ttf"))


def test_says_what_it_is(font: EmojiFont) -> None:
    assert (font.family, font.version, font.licence) == ("Miniature Emoji", "1.25", "OFL-1.1")
    assert font.url == "https://example.org/font"


@pytest.mark.parametrize(
    ("emoji", "colour"),
    [
        ("😀", "#ffcc00"),
        ("👍", "#ffdd55"),
        ("👍🏽", "#bb8855"),
        ("👩\u200d🌾", "#557711"),
        # The font has no glyph for U+FE0F, which is to change nothing.
        ("🐶\ufe0f", "#996633"),
    ],
)
def test_draws_on_a_white_square(font: EmojiFont, emoji: str, colour: str) -> None:
    expected = Image.new("RGB", (40, 40), "white")
    glyph = glyph_picture(colour)
    expected.paste(glyph, (0, 4), glyph)
    drawn = font.draw(emoji)
    assert isinstance(drawn, Image.Image)
    assert drawn.mode == "RGB"
    assert drawn.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("👩🏽\u200d🌾", "drawn as several glyphs"),
        ("👩🌾", "drawn as several glyphs"),
        ("🇫🇷", "drawn as several glyphs"),
        ("👩\u200d🚒", "not in the font"),
        ("🎈", "not in the font"),
        ("💨", "not in the font"),
    ],
)
def test_says_why_it_does_not_draw(font: EmojiFont, text: str, why: str) -> None:
    assert font.draw(text) == why


def test_a_damaged_picture(tmp_path: Path) -> None:
    font = open_font(miniature_font(tmp_path / "damaged.ttf", damaged=True))
    assert isinstance(font.draw("😀"), Image.Image)
    with pytest.raises(UserError, match="Miniature Emoji is damaged: its picture of '🐶' cannot be decoded"):
        font.draw("🐶")


def test_no_such_font(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no font file at .*none.ttf"):
        open_font(tmp_path / "none.ttf")
    with pytest.raises(UserError, match="no font file at"):
        open_font(tmp_path)


def test_a_file_that_is_no_font(tmp_path: Path) -> None:
    content = miniature_font(tmp_path / "whole.ttf").read_bytes()
    for damaged in (b"", b"not a font at all", content[:40]):
        (tmp_path / "damaged.ttf").write_bytes(damaged)
        with pytest.raises(UserError, match=r"damaged.ttf (is not a font|holds no colour pictures)"):
            open_font(tmp_path / "damaged.ttf")


def test_a_font_without_colour(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="plain.ttf holds no colour pictures"):
        open_font(miniature_font(tmp_path / "plain.ttf", colour=False))


def test_looks_in_the_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = miniature_font(tmp_path / "plain.ttf", colour=False)
    usable = miniature_font(tmp_path / "usable.ttf")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(fonts, "USUAL_PLACES", (str(tmp_path / "none.ttf"), str(plain), str(usable)))
    assert open_font().family == "Miniature Emoji"


def test_asks_fontconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usable = miniature_font(tmp_path / "usable.ttf")
    (tmp_path / "fc-match").write_text(f"#!{sys.executable}\nprint({str(usable)!r}, end='')\n")
    (tmp_path / "fc-match").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(fonts, "USUAL_PLACES", ())
    assert open_font().family == "Miniature Emoji"


def test_no_font_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(fonts, "USUAL_PLACES", ())
    with pytest.raises(UserError, match="fonts-noto-color-emoji.*--font"):
        open_font()
