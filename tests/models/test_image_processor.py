"""Pictures in training are what the saved processor makes of them, but for roundings."""

from typing import Any

import numpy as np
import pytest
import torch
from models.conftest import Build
from models.tiny_towers import SIZE, VISION
from PIL import Image
from transformers.models.bit import BitImageProcessorPil
from transformers.models.clip import CLIPImageProcessorPil
from transformers.models.convnext import ConvNextImageProcessorPil
from transformers.models.deit import DeiTImageProcessorPil
from transformers.models.siglip import SiglipImageProcessorPil
from transformers.models.vit import ViTImageProcessorPil

from isogloss.data.augment import normalise
from isogloss.data.images import PictureSize, fit
from isogloss.errors import UserError
from isogloss.models.image_processor import picture_size, pixel_scale, resized_processor, square_processor
from isogloss.models.towers import preparation

PROCESSORS = {
    **{model_type: processor for model_type, (_, processor) in VISION.items()},
    "deit": DeiTImageProcessorPil(size={"height": 20, "width": 20}, crop_size={"height": 16, "width": 16}),
    "nearest": ViTImageProcessorPil(size={"height": 12, "width": 12}, resample=0),
    "unscaled": ViTImageProcessorPil(size={"height": 12, "width": 12}, do_rescale=False, image_mean=[99.0, 5.0, 200.0]),
    "unnormalised": ViTImageProcessorPil(size={"height": 12, "width": 12}, do_normalize=False),
    "another scale": ViTImageProcessorPil(size={"height": 12, "width": 12}, rescale_factor=1 / 127.5),
    "large convnext": VISION["convnext"][1].__class__(size={"shortest_edge": 384}, crop_pct=1.0),
    "ours": square_processor(PictureSize(16, 16), [0.5] * 3, [0.5] * 3),
    "ours, squeezed": square_processor(PictureSize(14, 16, keep_shape=False), [0.1, 0.2, 0.3], [0.5, 0.6, 0.7]),
    "ours, resized": resized_processor(VISION["dinov2"][1], 24),
}


SHAPES = [(30, 20), (20, 30), (17, 41), (41, 17), (64, 64), (16, 16), (500, 333), (333, 500)]


def noise(width: int, height: int) -> Image.Image:
    """The hardest picture to resize: no pixel is like its neighbours."""
    generator = np.random.default_rng([width, height])
    return Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))


def photograph(width: int, height: int) -> Image.Image:
    """A picture whose colours change gently, as most of a photograph does."""
    return noise(7, 5).resize((width, height), Image.Resampling.BICUBIC)


def levels_apart(processor: Any, shown: Image.Image) -> torch.Tensor:
    """How far our pixels are from a processor's, in levels of 255: [channel, height, width]."""
    wanted = processor(shown, return_tensors="pt")["pixel_values"]
    pixels = torch.from_numpy(np.asarray(fit(shown, picture_size(processor))).copy()).permute(2, 0, 1)[None]
    mean, deviation = pixel_scale(processor)
    found = normalise(pixels, mean, deviation)
    assert found.shape == wanted.shape
    return ((found - wanted).abs() * 255 * torch.tensor(deviation).view(1, 3, 1, 1))[0]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", PROCESSORS)
def test_pixels_are_those_of_the_processor(name: str, shape: tuple[int, int]) -> None:
    """Where a processor resizes a picture and then cuts it, ours resizes what is kept.

    Pillow resizes across and down one after the other, rounds and cuts off below 0 and above 255 in between, and which comes
    first depends on how much is kept. By that a photograph's pixels are a level or two apart, and those of noise half a
    level on average, single ones more. Where nothing is cut there is no difference.
    """
    processor = PROCESSORS[name]
    gentle, hard = (levels_apart(processor, draw(*shape)) for draw in (photograph, noise))
    size = picture_size(processor)
    if size.side == size.resized and not size.keep_shape:
        assert max(gentle.max(), hard.max()) < 1e-3
    assert gentle.max() < 2.01
    assert hard.mean() < 0.75


@pytest.mark.parametrize(
    "processor",
    [
        ViTImageProcessorPil(),
        CLIPImageProcessorPil(),
        SiglipImageProcessorPil(),
        ConvNextImageProcessorPil(size={"shortest_edge": 224}, crop_pct=0.875),
        BitImageProcessorPil(size={"shortest_edge": 256}, crop_size={"height": 224, "width": 224}),
    ],
    ids=["ViT", "CLIP", "SigLIP", "ConvNeXt", "DINOv2"],
)
@pytest.mark.parametrize("shape", [(640, 427), (427, 640)], ids=str)
def test_pixels_of_the_published_processors(processor: Any, shape: tuple[int, int]) -> None:
    """At the sizes that towers are published with, and a picture's as COCO has them."""
    gentle, hard = (levels_apart(processor, draw(*shape)) for draw in (photograph, noise))
    assert gentle.max() < 2.01
    assert gentle.mean() < 0.02
    assert hard.mean() < 0.3


@pytest.mark.parametrize("model_type", sorted(VISION))
def test_a_dual_encoder_trains_on_what_its_processor_makes(model_type: str, built: Build) -> None:
    model, processor = built(model_type, "xlm-roberta")
    own = VISION[model_type][1]
    assert picture_size(processor.image_processor) == picture_size(own)  # type: ignore[attr-defined]
    assert picture_size(own).side == SIZE
    prepared = preparation(processor, model.config)  # type: ignore[arg-type]
    assert (prepared.mean, prepared.deviation) == (tuple(own.image_mean), tuple(own.image_std))


def test_sizes() -> None:
    sizes = {name: picture_size(processor) for name, processor in PROCESSORS.items()}
    bicubic, bilinear = Image.Resampling.BICUBIC, Image.Resampling.BILINEAR
    assert sizes["vit"] == PictureSize(16, 16, False, bilinear)
    assert sizes["clip_vision_model"] == PictureSize(16, 16, True, bicubic)
    assert sizes["siglip_vision_model"] == PictureSize(16, 16, False, bicubic)
    assert sizes["dinov2"] == PictureSize(16, 20, True, bicubic)
    assert sizes["convnext"] == PictureSize(16, 18, True, bicubic)
    assert sizes["large convnext"] == PictureSize(384, 384, False, bicubic)
    assert sizes["deit"] == PictureSize(16, 20, False, bicubic)
    assert sizes["nearest"].resample == Image.Resampling.NEAREST
    assert sizes["ours"] == PictureSize(16, 16)
    assert sizes["ours, squeezed"] == PictureSize(14, 16, False)
    assert sizes["ours, resized"] == PictureSize(24, 30, True, bicubic)


@pytest.mark.parametrize(
    "processor",
    [
        ViTImageProcessorPil(size={"height": 12, "width": 16}),
        ViTImageProcessorPil(size={"shortest_edge": 12}),
        ViTImageProcessorPil(size={"shortest_edge": 12, "longest_edge": 20}),
        ViTImageProcessorPil(do_resize=False),
        CLIPImageProcessorPil(size={"shortest_edge": 12}, crop_size={"height": 16, "width": 16}),
        CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size={"height": 12, "width": 16}),
    ],
    ids=["oblong", "any shape", "two edges", "as it is", "padded", "oblong cut"],
)
def test_processors_that_make_no_squares_of_one_size(processor: ViTImageProcessorPil) -> None:
    with pytest.raises(
        UserError, match="makes no squares of one size; set size and crop_size in its preprocessor_config"
    ):
        picture_size(processor)
