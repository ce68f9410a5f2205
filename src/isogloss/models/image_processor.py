"""How pictures come to a vision tower, as its own image processor says it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PIL import Image
from transformers.models.clip import CLIPImageProcessorPil

from isogloss.data.images import PictureSize
from isogloss.errors import UserError


def picture_size(image_processor: Any) -> PictureSize:
    """How an image processor of Transformers brings a picture to its tower's square.

    Raises:
        UserError: it makes pictures of other shapes.
    """
    size, crop_pct = image_processor.size, getattr(image_processor, "crop_pct", None)
    keep_shape = bool(size.shortest_edge)
    resized: int = size.shortest_edge or size.height or 0
    square = not size.longest_edge and (keep_shape or size.height == size.width)
    side = resized
    if getattr(image_processor, "do_center_crop", None):
        side = image_processor.crop_size.height
        square = square and side == image_processor.crop_size.width
    elif keep_shape and crop_pct:  # ConvNeXt's: from 384 pixels on, pictures are not cut
        keep_shape = side < 384
        resized = int(side / crop_pct) if keep_shape else side
    else:
        square = square and not keep_shape
    if not square or not image_processor.do_resize or not 0 < side <= resized:
        raise UserError(
            f"The vision tower's image processor ({type(image_processor).__name__}, size {dict(size)}) makes no squares of "
            "one size; set size and crop_size in its preprocessor_config.json, or choose another tower."
        )
    return PictureSize(side, resized, keep_shape, Image.Resampling(int(image_processor.resample)))


def square_processor(size: PictureSize, mean: Sequence[float], deviation: Sequence[float]) -> Any:
    """An image processor that makes squares of one size.

    Args:
        mean, deviation: of the pixels, by channel, in 0…1.
    """
    return CLIPImageProcessorPil(
        size={"shortest_edge": size.resized} if size.keep_shape else {"height": size.resized, "width": size.resized},
        crop_size={"height": size.side, "width": size.side},
        resample=int(size.resample),
        image_mean=list(mean),
        image_std=list(deviation),
    )


def resized_processor(image_processor: Any, side: int) -> Any:
    """An image processor that does as another one, for squares of another size."""
    size = picture_size(image_processor)
    mean, deviation = pixel_scale(image_processor)
    other = replace(size, side=side, resized=round(size.resized * side / size.side))
    return square_processor(other, mean, deviation)


def pixel_scale(image_processor: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The mean and the deviation by which an image processor normalises pixels in 0…1, by channel."""
    # It may scale to something else than 0…1 first.
    highest = 255 * image_processor.rescale_factor if image_processor.do_rescale else 255.0
    normalised = bool(image_processor.do_normalize)
    mean: Sequence[float] = image_processor.image_mean if normalised else (0.0,) * 3
    deviation: Sequence[float] = image_processor.image_std if normalised else (1.0,) * 3
    return tuple(value / highest for value in mean), tuple(value / highest for value in deviation)
