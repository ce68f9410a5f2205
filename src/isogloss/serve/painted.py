"""Painted pictures on the disk: PNG files that say what they were painted for, each of which appears whole or not at all."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from isogloss.errors import UserError
from isogloss.saving import new_file
from isogloss.serve.paint import Painter, rectangles
from isogloss.serve.painting import Painting
from isogloss.translate.progress import Shown

# Where a PNG file has the prompt (a keyword of the PNG specification, 11.3.3.2) and all settings.
_PROMPT, _SETTINGS = "Description", "isogloss"
# Letters of a prompt in a file's name, which has room for 255 bytes.
_NAMED = 40


@dataclass(frozen=True)
class Folder:
    """Where pictures of one model and way of painting are put, and found again.

    Attributes:
        root: the folder.
        made_by: all that decides a picture beside its prompt and seed: JSON.
        model: as the user named it, which decides nothing.
    """

    root: Path
    made_by: Mapping[str, Any]
    model: str

    @classmethod
    def of(cls, root: Path, painter: Painter, painting: Painting, model: str, mark: Any) -> "Folder":
        """That of a painter.

        Args:
            mark: of the model's weights, as of `isogloss.serve.paint_loading.mark_of`.
        """
        width, height = painter.size(painting)
        config = {name: value for name, value in painter.scheduler.config.items() if not name.startswith("_")}
        made_by = {
            "negative": painting.negative,
            "steps": painting.steps,
            "guidance": painting.guidance,
            "width": width,
            "height": height,
            "scheduler": type(painter.scheduler).__name__,
            "weights": sha256(json.dumps([mark, config], default=str).encode()).hexdigest()[:16],
        }
        return cls(root, made_by, model)

    def file(self, prompt: str, seed: int) -> Path:
        """The file of a picture: the prompt's first letters, the seed, and what tells it from others of the same."""
        written = json.dumps([prompt, seed, *sorted(self.made_by.items())])
        return self.root / f"{_name(prompt)}-{seed}-{sha256(written.encode()).hexdigest()[:8]}.png"

    def settings(self, prompt: str, seed: int) -> dict[str, Any]:
        """All that a picture was painted by."""
        return {
            "prompt": prompt,
            "seed": seed,
            **self.made_by,
            "model": self.model,
            "version": version("isogloss"),
        }

    def has(self, prompt: str, seed: int) -> bool:
        """Whether the picture is there, and is this one, and whole."""
        found = read_settings(self.file(prompt, seed))
        wanted = {"prompt": prompt, "seed": seed, **self.made_by}
        return {name: found.get(name) for name in wanted} == wanted

    def put(self, picture: Image.Image, prompt: str, seed: int) -> None:
        """Write a picture.

        Raises:
            UserError: the disk is full or the place cannot be written.
        """
        said = PngInfo()
        said.add_itxt(_PROMPT, prompt)
        said.add_itxt(_SETTINGS, json.dumps(self.settings(prompt, seed), ensure_ascii=False))
        with new_file(self.file(prompt, seed)) as partial:
            picture.save(partial, "PNG", pnginfo=said)


def read_settings(file: Path) -> dict[str, Any]:
    """What a picture was painted by; nothing where the file is none of ours, missing or damaged."""
    try:
        with Image.open(file) as picture:
            found = json.loads(picture.info[_SETTINGS])
            picture.verify()  # of every part, to the last one
    except (OSError, KeyError, ValueError, SyntaxError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(prompt: str) -> str:
    """The beginning of a prompt as a file may be called: letters with their marks, numbers, and lines between words."""
    letters = (letter if unicodedata.category(letter)[0] in "LMN" else "-" for letter in prompt)
    return re.sub("-+", "-", "".join(letters)).strip("-")[:_NAMED].strip("-") or "picture"


def paint_into(
    folder: Folder,
    painter: Painter,
    prompts: Sequence[str],
    seeds: Sequence[int],
    painting: Painting,
    *,
    show: Shown,
    refused: Callable[[str, int, str], None],
) -> None:
    """Paint every prompt with every seed into a folder, where what is there already is left as it is.

    Pictures are written as soon as they are painted. What is painted together is the same whatever is there, so that a run
    that goes on leaves the very files of one that was not stopped.

    Args:
        refused: called with the prompt, the seed and the reason for a picture that a check refuses, which is not written.

    Raises:
        UserError: memory or the disk is full, or the place cannot be written.
    """
    painted = {(prompt, seed): folder.has(prompt, seed) for prompt in prompts for seed in seeds}
    for prompt, seed in (key for key, there in painted.items() if there and painter.safety.pictures):
        verdict = painter.safety.drawing(read_painted(folder.file(prompt, seed)))
        if not verdict.allowed:  # it was painted without the check
            refused(prompt, seed, verdict.reason)
    lacking = [
        (some, numbers)
        for some, numbers in rectangles(prompts, seeds, painter.batch)
        if not all(painted[prompt, seed] for prompt in some for seed in numbers)
    ]
    if not lacking:
        return
    with show("painting", len(lacking) * painting.steps) as told:
        for some, numbers in lacking:
            pictures = iter(painter.paint_rectangle(some, numbers, painting, told))
            for prompt in some:
                for seed in numbers:
                    picture = next(pictures)
                    if painted[prompt, seed]:
                        continue
                    verdict = painter.safety.drawing(picture)
                    if verdict.allowed:
                        folder.put(picture, prompt, seed)
                    else:
                        refused(prompt, seed, verdict.reason)


def read_painted(file: Path) -> Image.Image:
    """A picture that was painted.

    Raises:
        UserError: it is gone.
    """
    try:
        with Image.open(file) as picture:
            return picture.convert("RGB")
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error}); paint it again.") from error
