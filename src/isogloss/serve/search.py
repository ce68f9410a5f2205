"""Search a dataset's pictures by words of any language."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from isogloss.data.batch import Preparation
from isogloss.data.dataset import Dataset, Split
from isogloss.data.images import Pictures
from isogloss.errors import UserError
from isogloss.models.clip import DualEncoder
from isogloss.models.embedding import embed_captions, embed_images
from isogloss.models.image_processor import picture_size
from isogloss.models.towers import load_dual_encoder, preparation
from isogloss.saved import fields_of, read_object
from isogloss.saving import new_file


@dataclass(frozen=True)
class Found:
    """A picture that a query found.

    Attributes:
        key: of the picture in its dataset.
        score: cosine similarity, in [-1, 1].
        location: of its file.
        name: its first caption in the language asked for; empty where it has none.
    """

    key: str
    score: float
    location: str
    name: str


@torch.no_grad()
def search(
    run: Path, query: str, *, top: int = 5, split: str = "test", dataset: str | None = None, names: str | None = None
) -> list[Found]:
    """The pictures of a split that are nearest to a query, the nearest first.

    Args:
        run: a run folder with a dual encoder; its image embeddings are kept there for the next search.
        query: in any language.
        top: how many.
        split: whose pictures are searched; "all" for those of every split.
        dataset: a dataset folder; None for the run's own.
        names: the language of the names that are shown; None for English, else the dataset's first language if it has any.

    Raises:
        UserError: the query is empty, or the run or the dataset is not what it should be.
    """
    if not query.strip():
        raise UserError("The query is empty; say what the picture shows, in any language.")
    if top < 1:
        raise UserError(f"top is {top}; ask for at least one picture.")
    model, processor = load_dual_encoder(run / "model")
    prepared = preparation(processor, model.config)
    if dataset is None:
        with fields_of(run / "recipe.json"):
            dataset = str(read_object(run / "recipe.json")["data"]["dataset"])
    opened = Dataset.open(dataset)
    shown = _with_names(opened, split, names)
    pictures = Pictures(opened, shown, picture_size(processor.image_processor))
    images = _embeddings(run, model, pictures, prepared, shown)
    scores = (embed_captions(model, [query], prepared) @ images.T)[0].numpy()
    found: list[Found] = []
    for image in np.argsort(-scores, kind="stable")[:top]:
        captions = [name for captions in shown.captions.values() for name in captions.of(int(image))]
        location = opened.locate(shown.images["file"][int(image)].as_py())
        key = shown.images["key"][int(image)].as_py()
        found.append(Found(key, float(scores[image]), location, captions[0] if captions else ""))
    return found


def _with_names(dataset: Dataset, split: str, names: str | None) -> Split:
    """The pictures with the names that are shown: those asked for, which have to be there, or any."""
    if names is not None:
        return dataset.split(split, (names,))
    return dataset.split(split, ("en",) if "en" in dataset.languages else dataset.languages[:1], complete=False)


def _embeddings(run: Path, model: DualEncoder, pictures: Pictures, prepared: Preparation, split: Split) -> Tensor:
    """The embeddings of a split's pictures, read from the run if it has those of this model and these pictures."""
    path = run / "embeddings" / f"{split.name}.safetensors"
    stamp = (pictures.dataset.root / "images.parquet").stat(), (run / "model" / "model.safetensors").stat()
    mark = {"made of": json.dumps([str(pictures.dataset.root.resolve()), *((s.st_size, s.st_mtime_ns) for s in stamp)])}
    # A damaged file counts as none, and where nothing can be kept every search makes them anew.
    with suppress(OSError, SafetensorError), safe_open(path, "pt") as saved:
        if saved.metadata() == mark:
            return saved.get_tensor("images")
    images = embed_images(model, pictures, prepared, np.arange(len(split)))
    with suppress(UserError), new_file(path) as partial:
        save_file({"images": images}, partial, mark)
    return images
