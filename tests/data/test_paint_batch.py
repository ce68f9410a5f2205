"""Batches of pictures, captions and noise: the same step for any number of processes, and any order of asking."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from train.squares import squares

from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures, PictureSize, fit
from isogloss.data.paint_batch import PaintBatch, PaintBatches
from isogloss.data.prompts import Prompts
from isogloss.data.sampler import Sampler
from isogloss.errors import UserError


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return squares(tmp_path_factory.mktemp("squares") / "data", captions=2)


def tokenise(captions: list[str]) -> tuple[Tensor, Tensor]:
    ids = [torch.tensor([ord(letter) for letter in caption]) for caption in captions]
    padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
    return padded, (padded > 0).long()


def batches(dataset: Dataset, **how: Any) -> PaintBatches:
    split = dataset.split("train", ("en",))
    prompts = Prompts(split, ("en",))
    sampler = Sampler(len(prompts.images), 7, seed=3)
    pictures = Pictures(dataset, split, PictureSize(8, 8))
    return PaintBatches(pictures, prompts, tokenise, sampler, (3, 8, 8), dropped=0.3, **how)


def together(parts: list[PaintBatch], name: str) -> Tensor:
    """A field of the whole step from those of its processes."""
    size = sum(map(len, parts))
    found = [getattr(parts[place % len(parts)], name)[place // len(parts)] for place in range(size)]
    return torch.nn.utils.rnn.pad_sequence(found, batch_first=True) if name in ("texts", "mask") else torch.stack(found)


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("crop", ["centre", "random"])
def test_a_step_is_the_same_for_any_number_of_processes(processes: int, crop: str, dataset: Dataset) -> None:
    whole = batches(dataset, crop=crop, latent=True)[5]
    parts = [
        batches(dataset, crop=crop, latent=True, process=number, processes=processes)[5] for number in range(processes)
    ]
    for name in ("pictures", "texts", "mask", "chance", "noise", "second_noise", "dropped"):
        assert torch.equal(together(parts, name), getattr(whole, name)), name


def test_steps_differ_and_noise_is_standard_normal(dataset: Dataset) -> None:
    made = batches(dataset)
    noise = torch.stack([made[step].noise for step in range(30)])
    assert len({float(one[0, 0, 0, 0]) for one in noise}) == 30
    assert float(noise.mean()) == pytest.approx(0, abs=0.02) and float(noise.std()) == pytest.approx(1, abs=0.02)
    dropped = torch.stack([one for step in range(30) if (one := made[step].dropped) is not None])
    assert float(dropped.float().mean()) == pytest.approx(0.3, abs=0.08)
    assert made[0].second_noise is None and made[3].pictures.min() >= -1 and made[3].pictures.max() <= 1


def test_parts_make_the_whole(dataset: Dataset) -> None:
    whole = batches(dataset)[0]
    parts = whole.parts(3)
    assert [len(part) for part in parts] == [3, 2, 2]
    for name in ("pictures", "texts", "noise", "chance"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name))


def test_kept_states_and_latents_are_those_of_the_step(dataset: Dataset) -> None:
    plain = batches(dataset, latent=True)
    texts = plain.prompts.texts(range(len(plain.prompts)))

    def states(numbers: Any) -> list[Tensor]:
        return [torch.tensor([[float(ord(letter))] * 2 for letter in texts[number]]) for number in numbers]

    def latents(places: Any) -> list[Tensor]:
        pixels = torch.from_numpy(plain.pictures.batch(plain.prompts.images[np.array(places)])) / 127.5 - 1
        return [torch.stack([one, torch.full_like(one, 0.5)]) for one in pixels]

    one, other = plain[4], batches(dataset, latent=True, states=states, latents=latents)[4]
    assert torch.equal(other.texts[..., 1], one.texts.float()) and torch.equal(other.mask, one.mask)
    torch.testing.assert_close(other.pictures, one.pictures)
    assert other.deviation is not None and bool((other.deviation == 0.5).all())


def test_too_many_processes_are_told(dataset: Dataset) -> None:
    with pytest.raises(UserError, match="cannot be shared by 8 processes"):
        batches(dataset, processes=8)


@pytest.mark.parametrize(
    ("place", "columns"), [((0.0, 0.5), range(0, 4)), ((1.0, 0.5), range(8, 12)), ((0.5, 0.0), range(4, 8))]
)
def test_a_part_of_a_picture_lies_where_it_should(place: tuple[float, float], columns: range) -> None:
    """A wide picture, each column of which has a grey of its own."""
    wide = np.tile((np.arange(12) * 20).astype(np.uint8)[None, :, None], (4, 1, 3))
    buffer = io.BytesIO()
    Image.fromarray(wide).save(buffer, "PNG")
    part = np.asarray(fit(Image.open(buffer), PictureSize(4, 4), place))
    assert part[0, :, 0].tolist() == [20 * column for column in columns]
