"""Batches of pictures, a caption of each, and the noise that is laid on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from isogloss.data.augment import normalise
from isogloss.data.images import Pictures
from isogloss.data.prompts import Prompts
from isogloss.data.sampler import Sampler, check_shared

# Of pixels between -1 and 1.
HALF = (0.5, 0.5, 0.5)

# Rows of tensors by their numbers, as `isogloss.train.kept.Kept.of` gives them.
Rows = Callable[[Sequence[int]], list[Tensor]]


@dataclass(frozen=True)
class PaintBatch:
    """What one process trains on in one step.

    Attributes:
        pictures: pixels in -1…1; or the mean of what a VAE makes of them, where `deviation` is there.
        deviation: of that.
        texts: token numbers of the captions, [image, token], or the states that are made of them, [image, token, dim].
        mask: 1 for a token and 0 for padding.
        chance: even in 0…1, of which timesteps are made.
        noise: standard normal, in the size of what is noisy.
        second_noise: by which the VAE's latents are drawn; None for pixels.
        dropped: whose captions are read as the empty prompt; None where none is.
    """

    pictures: Float[Tensor, "image channel height width"]
    deviation: Float[Tensor, "image channel height width"] | None
    texts: Int[Tensor, "image token"] | Float[Tensor, "image token dim"]
    mask: Int[Tensor, "image token"]
    chance: Float[Tensor, " image"]
    noise: Float[Tensor, "image latent_channel latent_height latent_width"]
    second_noise: Float[Tensor, "image latent_channel latent_height latent_width"] | None
    dropped: Bool[Tensor, " image"] | None

    def __len__(self) -> int:
        return len(self.pictures)

    def to(self, device: torch.device) -> "PaintBatch":
        return self._each(lambda value: value.to(device, non_blocking=True))

    def parts(self, count: int) -> list["PaintBatch"]:
        """So many smaller batches that make this one."""
        shares = torch.arange(len(self)).tensor_split(count)
        return [self._each(lambda value, rows=rows: value[rows]) for rows in shares]

    def _each(self, change: Callable[[Tensor], Tensor]) -> "PaintBatch":
        return replace(self, **{name: change(value) for name, value in vars(self).items() if value is not None})


@dataclass(frozen=True)
class PaintBatches:
    """The batches of a split: `batches[step]`, a pure function of (dataset, seed, step) for any number of processes.

    Args:
        pictures: of the split.
        prompts: of the same split.
        tokenise: captions to token numbers and their mask.
        sampler: which of `prompts.images`.
        shape: channels, height and width of what is noisy.
        latent: whether that is what a VAE makes of pictures.
        dropped: the share of captions that are read as the empty prompt.
        crop: "centre" or "random".
        states: of captions by their numbers, where they are kept.
        latents: of pictures by their places in `prompts.images`, mean and deviation, where they are kept.
        process, processes: this process takes every processes-th image of the step, from its own number on.
    """

    pictures: Pictures
    prompts: Prompts
    tokenise: Callable[[list[str]], tuple[Tensor, Tensor]]
    sampler: Sampler
    shape: tuple[int, int, int]
    latent: bool = False
    dropped: float = 0.0
    crop: str = "centre"
    states: Rows | None = None
    latents: Rows | None = None
    process: int = 0
    processes: int = 1

    def __post_init__(self) -> None:
        check_shared(self.images_per_step, self.processes, "images", "images_per_step")

    @property
    def images_per_step(self) -> int:
        return self.sampler.images_per_step

    @property
    def steps_per_epoch(self) -> int:
        return self.sampler.steps_per_epoch

    def __getitem__(self, step: int) -> PaintBatch:
        places, generator = self.sampler.indices(step), self.sampler.generator(step)
        images = self.prompts.images[places]
        # The choices of the whole step are made by every process, so that a step is the same for any number of them.
        numbers = self.prompts.draw(images, generator.random((len(images), 2)))
        parts = generator.random((len(images), 2))

        mine = slice(self.process, None, self.processes)
        texts, mask = self._texts(numbers[mine].tolist())
        chances, noise, second = self._noise(step, range(len(images))[mine])
        deviation = None
        if self.latents is None:
            pixels = self.pictures.batch(images[mine], parts[mine] if self.crop == "random" else None)
            pictures = normalise(torch.from_numpy(pixels), HALF, HALF)
        else:
            pictures, deviation = torch.stack(self.latents(places[mine].tolist())).float().unbind(1)
        return PaintBatch(
            pictures=pictures,
            deviation=deviation,
            texts=texts,
            mask=mask,
            chance=chances[:, 0],
            noise=noise,
            second_noise=second,
            dropped=chances[:, 1] < self.dropped if self.dropped else None,
        )

    def _texts(self, numbers: list[int]) -> tuple[Tensor, Tensor]:
        if self.states is None:
            return self.tokenise(self.prompts.texts(numbers))
        found = self.states(numbers)
        lengths = torch.tensor([len(one) for one in found])
        mask = (torch.arange(int(lengths.max())) < lengths[:, None]).long()
        return torch.nn.utils.rnn.pad_sequence(found, batch_first=True), mask

    def _noise(self, step: int, places: range) -> tuple[Tensor, Tensor, Tensor | None]:
        """The chances and the noise of some pictures of a step, each drawn by itself."""
        chances: list[Tensor] = []
        noise: list[Tensor] = []
        for place in places:
            (seed,) = np.random.SeedSequence((self.sampler.seed, step, place)).generate_state(1, np.uint64)
            generator = torch.Generator().manual_seed(int(seed))
            chances.append(torch.rand(2, generator=generator))
            noise.append(torch.randn((1 + self.latent, *self.shape), generator=generator))
        both = torch.stack(noise)
        return torch.stack(chances), both[:, 0], both[:, 1] if self.latent else None
