"""Pictures in training are what the saved processor makes of them, within a level of 255."""

import numpy as np
import pytest
import torch
from models.conftest import Build
from models.tiny_towers import SIZE, VISION
from PIL import Image
from transformers.models.clip import CLIPImageProcessorPil
from transformers.models.deit import DeiTImageProcessorPil
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


def picture(width: int, height: int, seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("shape", [(500, 400), (300, 500), (384, 384)])
def test_large_pictures(shape: tuple[int, int]) -> None:
    check("large convnext", picture(*shape, seed=0))
    check("clip_vision_model", picture(*shape, seed=1))


def check(name: str, shown: Image.Image) -> None:
    processor = PROCESSORS[name]
    wanted = processor(shown, return_tensors="pt")["pixel_values"]
    square = fit(shown, picture_size(processor))
    pixels = torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1)[None]
    mean, deviation = pixel_scale(processor)
    found = normalise(pixels, mean, deviation)
    level = 1 / (255 * torch.tensor(deviation)).view(1, 3, 1, 1)
    assert found.shape == wanted.shape
    assert ((found - wanted).abs() <= 1.001 * level).all()


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
