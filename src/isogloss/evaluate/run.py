"""Evaluate a run: the one place of evaluation that reads models and writes files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from isogloss.data.batch import choose_captions
from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures
from isogloss.errors import UserError
from isogloss.evaluate.figures import figures, gallery_file, ranks_to_json
from isogloss.evaluate.provenance import evaluation_file, languages_of, provenance
from isogloss.evaluate.retrieval import Ranks, caption_to_image, image_to_caption
from isogloss.models.embedding import embed_captions, embed_images
from isogloss.models.image_processor import picture_size
from isogloss.models.towers import load_dual_encoder, preparation
from isogloss.saved import fields_of, read_json
from isogloss.saving import write_json

# Queries of the gallery in each language, and pictures shown for each.
QUERIES, SHOWN = 3, 5


@torch.no_grad()
def evaluate_run(
    run: Path,
    *,
    dataset: str | None = None,
    split: str = "test",
    languages: Sequence[str] = (),
    sources: Sequence[str] = (),
) -> dict[str, Any]:
    """Retrieval figures of a trained run per language, saved as `evaluation/<split>.json` with a gallery beside.

    Those on another dataset are saved under its name, `evaluation/<dataset>-<split>.json`. Languages that were measured
    before stay, where the model, the dataset and the sources are still the same.

    Args:
        run: a run folder with a model.
        dataset: a dataset folder; None for the run's own.
        split: whose pictures are the gallery.
        languages: of the captions; none for all that the dataset has, of which those without a caption here are left
            out and listed as `left_out`.
        sources: captions of these sources only, such as "emoji:name"; none for those that the recipe names.

    Raises:
        UserError: the run has no model, or the dataset lacks what is asked for.
    """
    measured = provenance(run, split, dataset, sources)
    model, processor = load_dual_encoder(run / "model")
    model.to("cuda" if torch.cuda.is_available() else "cpu")  # pyright: ignore[reportArgumentType]
    prepared = preparation(processor, model.config)
    opened = Dataset.open(dataset or measured["dataset"])
    asked = tuple(languages) or opened.languages
    tested = opened.split(split, asked, measured["sources"] or None, complete=bool(languages))
    captioned = [language for language, found in tested.captions.items() if len(found)]
    if not captioned:
        raise UserError(
            f"{opened.root} holds no caption{' of these sources' if measured['sources'] else ''} for the split '{split}'; "
            "choose another split."
        )
    pictures = Pictures(opened, tested, picture_size(processor.image_processor))
    images = embed_images(model, pictures, prepared, np.arange(len(tested))).numpy()

    left_out = [language for language in asked if language not in captioned]
    result: dict[str, Any] = {**measured, "images": len(tested), "left_out": left_out, "languages": {}}
    gallery: list[dict[str, Any]] = []
    for language in captioned:
        texts, owner, _ = choose_captions(tested, (language,), np.arange(len(tested)), None, None)
        captions = embed_captions(model, texts, prepared).numpy()
        named, local = np.unique(owner, return_inverse=True)
        to_image, to_caption = (
            caption_to_image(captions, images, owner),
            image_to_caption(images[named], captions, local),
        )
        result["languages"][language] = {
            "captions": len(texts),
            "caption_to_image": {**figures(to_image, owner), "ranks": ranks_to_json(to_image, owner)},
            "image_to_caption": {**figures(to_caption, named), "ranks": ranks_to_json(to_caption, named)},
        }
        gallery += _gallery(language, texts, owner, captions, images, to_image, tested.keys)
    path = evaluation_file(run, split, dataset)
    shown = path.with_name(gallery_file(path.stem))
    before = languages_of(path, measured) if path.exists() else {}
    result["languages"] = {**before, **result["languages"]}
    if shown.exists():  # a kill leaves the figures without it
        with fields_of(shown):
            kept = set(before) - set(captioned)
            gallery = [row for row in read_json(shown) if row["language"] in kept] + gallery
    write_json(path, result)
    if not before:  # a kill may not leave another model's queries beside these figures
        shown.unlink(missing_ok=True)
    write_json(shown, gallery)
    return result


def _gallery(
    language: str,
    texts: list[str],
    owner: np.ndarray,
    captions: np.ndarray,
    images: np.ndarray,
    ranks: Ranks,
    keys: list[str],
) -> list[dict[str, Any]]:
    """A few queries and what they find: drawn by chance, the same pictures in every language, so failures show too."""
    drawn = np.random.default_rng(0).permutation(len(keys))
    chosen = [int(np.flatnonzero(owner == image)[0]) for image in drawn[: 8 * QUERIES] if (owner == image).any()][
        :QUERIES
    ]
    rows: list[dict[str, Any]] = []
    for query in chosen:
        scores = captions[query] @ images.T
        best = np.argsort(-scores, kind="stable")[:SHOWN]
        rows.append(
            {
                "language": language,
                "query": texts[query],
                "key": keys[owner[query]],
                "rank": float(ranks.middle[query]),
                "found": [{"key": keys[image], "score": float(scores[image])} for image in best],
            }
        )
    return rows
