"""A colour-emoji font of a few glyphs, made on the spot, so that no test needs one on the machine."""

import io
from pathlib import Path
from typing import Any

from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import newTable
from fontTools.ttLib.tables._g_l_y_f import Glyph as Outline
from fontTools.ttLib.tables.sbixGlyph import Glyph as ColourGlyph
from fontTools.ttLib.tables.sbixStrike import Strike
from PIL import Image

# Glyph, code point, colour. The pig is drawn like the dog; the joiner and the space have no picture.
GLYPHS = (
    ("grinning", 0x1F600, "#ffcc00"),
    ("dog", 0x1F436, "#996633"),
    ("pig", 0x1F437, "#996633"),
    ("thumb", 0x1F44D, "#ffdd55"),
    ("medium", 0x1F3FD, "#aa7744"),
    ("woman", 0x1F469, "#ffaa88"),
    ("sheaf", 0x1F33E, "#88aa22"),
    ("blank", 0x1F4A8, None),
    ("joiner", 0x200D, None),
    ("heart", 0x2764, "#ff0033"),
    ("space", 0x20, None),
    ("one", 0x1F1EB, "#0000ff"),
    ("two", 0x1F1F7, "#ff0000"),
)
LIGATURES = (("thumb_medium", "thumb medium", "#bb8855"), ("farmer", "woman joiner sheaf", "#557711"))


def glyph_picture(colour: str, width: int = 40, height: int = 32) -> Image.Image:
    """A filled rectangle with a transparent left column, wider than high as in Noto's font."""
    picture = Image.new("RGBA", (width, height), colour)
    picture.paste((0, 0, 0, 0), (0, 0, 5, height))
    return picture


def miniature_font(path: Path, damaged: bool = False, colour: bool = True, version: str = "1.25") -> Path:
    """Write the font: with pictures unless not `colour`, and with a picture that is none when `damaged`."""
    pictures = {name: shade for name, _, shade in GLYPHS} | {name: shade for name, _, shade in LIGATURES}
    names = [".notdef", *pictures]
    builder = FontBuilder(1024, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({point: name for name, point, _ in GLYPHS})
    builder.setupGlyf({name: Outline() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1024, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-124)
    builder.setupNameTable(
        {
            "familyName": "Miniature Emoji",
            "styleName": "Regular",
            "version": f"Version {version};made for tests",
            "licenseDescription": "This Font Software is licensed under the SIL Open Font License, Version 1.1.",
            "vendorURL": "https://example.org/font",
        }
    )
    builder.setupOS2()
    builder.setupPost()
    rules = "".join(f"sub {parts} by {name};" for name, parts, _ in LIGATURES)
    addOpenTypeFeaturesFromString(builder.font, f"languagesystem DFLT dflt; feature ccmp {{ {rules} }} ccmp;")
    if colour:
        strike = Strike(ppem=32, resolution=72)
        for name in names:
            shade = pictures.get(name)
            content = b"" if shade is None else _png(shade)
            if damaged and name == "dog":
                content = b"\x89PNG\r\n\x1a\n" + b"nothing of a picture"
            kind = {"graphicType": "png ", "imageData": content} if content else {}
            strike.glyphs[name] = ColourGlyph(glyphName=name, **kind)
        table: Any = newTable("sbix")
        table.version, table.flags, table.strikes = 1, 1, {32: strike}
        builder.font["sbix"] = table
    builder.save(path)
    return path


def _png(colour: str) -> bytes:
    buffer = io.BytesIO()
    glyph_picture(colour).save(buffer, "PNG")
    return buffer.getvalue()
