"""A colour-emoji font: found on the machine, shaped by HarfBuzz, its pictures taken out as they were drawn.

The pictures are read from the font itself and not drawn through FreeType, because the shaping of sequences in Pillow
needs a system library (FriBidi) that a fresh machine lacks, and without it most emoji fall apart into their parts.
"""

import io
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import uharfbuzz
from PIL import Image

from isogloss.data.images import UNDECODABLE, reason
from isogloss.errors import UserError

# Where Debian, Arch, Fedora and macOS put theirs.
USUAL_PLACES = (
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/noto/NotoColorEmoji.ttf",
    "/usr/share/fonts/google-noto-emoji/NotoColorEmoji.ttf",
    "/usr/local/share/fonts/NotoColorEmoji.ttf",
    "~/.local/share/fonts/NotoColorEmoji.ttf",
    "~/.fonts/NotoColorEmoji.ttf",
    "/System/Library/Fonts/Apple Color Emoji.ttc",
)

Undrawn = Literal["not in the font", "drawn as several glyphs"]

# HarfBuzz's bindings come without types.
harfbuzz: Any = uharfbuzz


@dataclass(frozen=True)
class EmojiFont:
    """A font whose glyphs are colour pictures, with what it says of itself."""

    family: str
    version: str
    licence: str
    url: str
    shaper: Any

    def draw(self, text: str) -> Image.Image | Undrawn:
        """The picture of an emoji on white, padded to a square, in the font's own resolution; or why there is none.

        Raises:
            UserError: the font has a picture that cannot be decoded.
        """
        buffer = harfbuzz.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        # Joiners and variation selectors that the font does not use are no glyphs of their own.
        buffer.flags = harfbuzz.BufferFlags.REMOVE_DEFAULT_IGNORABLES
        harfbuzz.shape(self.shaper, buffer)
        glyphs = [glyph.codepoint for glyph in buffer.glyph_infos]
        if 0 in glyphs or not glyphs:
            return "not in the font"
        if len(glyphs) > 1:
            return "drawn as several glyphs"
        blob = self.shaper.get_glyph_color_png(glyphs[0])
        if blob is None or not blob.data:
            return "not in the font"
        try:
            with Image.open(io.BytesIO(blob.data)) as opened:
                glyph = opened.convert("RGBA")
        except UNDECODABLE as error:
            raise UserError(
                f"The font {self.family} is damaged: its picture of '{text}' cannot be decoded ({reason(error)}); install it again."
            ) from error
        side = max(glyph.size)
        square = Image.new("RGBA", (side, side), "white")
        square.alpha_composite(glyph, ((side - glyph.width) // 2, (side - glyph.height) // 2))
        return square.convert("RGB")


def open_font(path: Path | None = None) -> EmojiFont:
    """Open a colour-emoji font: the one at `path`, or the first that the machine has in the usual places.

    Raises:
        UserError: there is none, or the file at `path` is no font with colour pictures.
    """
    if path is not None:
        return _open(path)
    for place in _places():
        if place.is_file():
            try:
                return _open(place)
            except UserError:
                # Some systems' emoji font is made of outlines, and a usable one may follow.
                continue
    raise UserError(
        "No colour-emoji font was found; install one (Debian and Ubuntu: apt-get install fonts-noto-color-emoji; "
        "macOS has one) or name a font file with --font."
    )


def _places() -> list[Path]:
    places = [Path(place).expanduser() for place in USUAL_PLACES]
    try:
        found = subprocess.run(
            ["fc-match", "-f", "%{file}", "emoji"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return places
    return [*places, Path(found.stdout)] if found.stdout else places


def _open(path: Path) -> EmojiFont:
    if not path.is_file():
        raise UserError(f"There is no font file at {path}; name one with --font.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"The font {path} cannot be read ({error.strerror}).") from error
    face = harfbuzz.Face(harfbuzz.Blob(content))
    if not face.glyph_count:
        raise UserError(f"{path} is not a font; name a colour-emoji font such as NotoColorEmoji.ttf.")
    if not face.has_color_png:
        raise UserError(
            f"{path} holds no colour pictures (tables CBDT or sbix); name a colour-emoji font such as NotoColorEmoji.ttf."
        )
    names = harfbuzz.OTNameIdPredefined
    family = face.get_name(names.FONT_FAMILY, "en") or path.stem
    version = (face.get_name(names.VERSION_STRING, "en") or "unknown").split(";")[0].removeprefix("Version ").strip()
    terms = face.get_name(names.LICENSE, "en") or ""
    licence = "OFL-1.1" if "SIL Open Font License" in terms else terms or "the font maker's; for use on this machine"
    url = face.get_name(names.VENDOR_URL, "en") or ""
    return EmojiFont(family, version, licence, url, harfbuzz.Font(face))
