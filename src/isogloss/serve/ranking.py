"""The best of several pictures of a prompt, as a dual encoder of ours sees it, in whatever language."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from isogloss.errors import UserError
from isogloss.evaluate.clip_score import embed_drawings, embed_prompts
from isogloss.models.clip import DualEncoder
from isogloss.models.towers import load_dual_encoder
from isogloss.translate.device import choose_device


@dataclass(frozen=True)
class Ranker:
    """A dual encoder that tells how well pictures fit a prompt.

    Attributes:
        model, processor: of `isogloss.models.towers.load_dual_encoder`.
    """

    model: DualEncoder
    processor: Any

    @classmethod
    def open(cls, model: str, *, device: str = "auto") -> "Ranker":
        """A ranker by its run's folder, or any folder with a dual encoder.

        Raises:
            UserError: there is no such model or device.
        """
        folder = Path(model)
        if (folder / "model" / "config.json").is_file() and not (folder / "config.json").is_file():
            folder = folder / "model"
        loaded, processor = load_dual_encoder(folder)
        return cls(loaded.to(choose_device(device, torch.cuda.device_count(), "PyTorch")), processor)  # pyright: ignore[reportArgumentType]

    def scores(self, prompt: str, pictures: Sequence[Image.Image]) -> list[float]:
        """The cosine of each picture, all of one size, and the prompt.

        Raises:
            UserError: the model gives no numbers, or reads no squares.
        """
        read = embed_prompts(self.model, self.processor, [prompt])[0]
        seen = embed_drawings(self.model, self.processor, np.stack([np.asarray(one) for one in pictures]))
        found = seen @ read
        if not np.isfinite(found).all():
            raise UserError("The ranker gives scores that are no numbers; its weights are broken, so name another one.")
        return [float(score) for score in found]

    def best(self, prompt: str, pictures: Sequence[Image.Image], count: int) -> list[tuple[int, float]]:
        """The places of the best pictures and their scores, the best first; of equal ones the earlier."""
        scores = self.scores(prompt, pictures)
        order = sorted(range(len(scores)), key=lambda place: -scores[place])
        return [(place, scores[place]) for place in order[:count]]
