"""Files of pictures of every kind that collections have, sound and not."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

# Upright, in pixels.
SIZE = (48, 32)


def noise(size: tuple[int, int] = SIZE, seed: int = 0) -> Image.Image:
    """A picture that no format makes small, so that half of its bytes are half of its lines."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def turned(kind: str, orientation: int = 6) -> bytes:
    """A picture that lies on its side and says so."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(noise((SIZE[1], SIZE[0])), kind, exif=exif)


def with_thumbnail() -> bytes:
    """A JPEG whose EXIF holds a JPEG of its own, with an end of its own."""
    thumbnail = saved(noise((8, 8)), "JPEG")
    exif = Image.Exif()
    exif[0x9286] = b"ASCII\0\0\0" + thumbnail
    return saved(noise(), "JPEG", exif=exif)


def bomb(side: int = 60_000) -> bytes:
    """A PNG of a few bytes that claims billions of pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def deep() -> Image.Image:
    """A picture of 16 bits a pixel."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 2**16, (SIZE[1], SIZE[0]), dtype=np.uint16))


SOUND: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: saved(noise(), "JPEG"),
    "progressive JPEG": lambda: saved(noise(), "JPEG", progressive=True),
    "CMYK": lambda: saved(noise().convert("CMYK"), "JPEG"),
    "grey": lambda: saved(noise().convert("L"), "JPEG"),
    "turned JPEG": lambda: turned("JPEG"),
    "turned PNG": lambda: turned("PNG"),
    "turned WebP": lambda: turned("WEBP"),
    "mirrored JPEG": lambda: saved(noise(), "JPEG", exif=_mirrored()),
    "JPEG with zeros after it": lambda: saved(noise(), "JPEG") + b"\0" * 30,
    "JPEG with a thumbnail": with_thumbnail,
    "PNG": lambda: saved(noise(), "PNG"),
    "palette": lambda: saved(noise().quantize(16), "PNG"),
    "transparent palette": lambda: saved(noise().quantize(16), "PNG", transparency=3),
    "16 bits": lambda: saved(deep(), "PNG"),
    "16 bits TIFF": lambda: saved(deep(), "TIFF"),
    "animated GIF": lambda: saved(noise(), "GIF", save_all=True, append_images=[noise(seed=1)]),
    "animated WebP": lambda: saved(noise(), "WEBP", save_all=True, append_images=[noise(seed=1)]),
    "animated PNG": lambda: saved(noise(), "PNG", save_all=True, append_images=[noise(seed=1)]),
    "BMP": lambda: saved(noise(), "BMP"),
}


def _mirrored() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 2
    return exif


def cut(content: bytes) -> bytes:
    """A file of which the last fifth never came."""
    return content[: len(content) * 4 // 5]


UNSOUND: dict[str, tuple[Callable[[], bytes], str]] = {
    "no bytes": (lambda: b"", "picture without bytes"),
    "text": (lambda: b"<html>404 Not Found</html>", "not a picture"),
    "bomb": (bomb, "decompression bomb"),
    **{
        f"a cut {name}": (lambda make=SOUND[name]: cut(make()), "damaged picture")
        for name in (
            "JPEG",
            "progressive JPEG",
            "CMYK",
            "JPEG with a thumbnail",
            "turned JPEG",
            "PNG",
            "16 bits",
            "BMP",
        )
    },
    "a JPEG of its first bytes": (lambda: saved(noise(), "JPEG")[:15], "not a picture"),
    "a cut WebP": (lambda: cut(saved(noise(), "WEBP")), "not a picture"),
}
