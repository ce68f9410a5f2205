"""A picture that somebody shows."""

from pathlib import Path

from PIL import Image

from isogloss.data.images import decode, read_bytes, reason
from isogloss.errors import UserError


def open_picture(image: str | Path | Image.Image) -> Image.Image:
    """A picture as RGB, upright, transparency laid on white.

    Args:
        image: a file, on any file system that fsspec knows, or a picture of Pillow.

    Raises:
        UserError: it is missing, or damaged, or no picture.
    """
    if isinstance(image, Image.Image):
        if not image.has_transparency_data:
            return image.convert("RGB")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB")
    if not isinstance(image, str | Path):  # pyright: ignore[reportUnnecessaryIsInstance]  # whoever calls may be unchecked
        raise UserError(f"A picture cannot be shown as {image!r:.40}; give a file's path or a picture of Pillow.")
    if Path(image).is_dir():
        raise UserError(f"{image} is a folder; name a picture in it.")
    try:
        return decode(read_bytes(str(image)), str(image))
    except UserError as error:
        cause = error.__cause__
        if isinstance(cause, FileNotFoundError):
            raise UserError(f"There is no picture {image}; name one that is there.") from error
        if isinstance(cause, Exception) and "decoded" in str(error):
            raise UserError(f"{image} is not a picture that can be decoded ({reason(cause)}); show another.") from error
        raise
