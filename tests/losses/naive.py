"""The losses as their formulas read, in plain Python loops over float64."""

import math

import torch
from torch import Tensor


def _log_share(scores: list[Tensor], chosen: int) -> Tensor:
    """The logarithm of one score's share of a softmax."""
    return scores[chosen] - torch.stack(scores).logsumexp(dim=0)


def parallel(images: Tensor, captions: Tensor, owner: list[int], scale: Tensor) -> tuple[Tensor, Tensor, float]:
    """The image side, the caption side, and the floor of their mean."""
    scores = [[scale * (image * caption).sum() for caption in captions] for image in images]
    image_side: list[Tensor] = []
    floors: list[float] = []
    for image in range(len(images)):
        own = [caption for caption in range(len(captions)) if owner[caption] == image]
        if own:
            image_side.append(-sum(_log_share(scores[image], caption) for caption in own) / len(own))
            floors.append(math.log(len(own)) / 2)
    caption_side = [-_log_share([row[caption] for row in scores], owner[caption]) for caption in range(len(captions))]
    return (
        torch.stack(image_side).mean(),
        torch.stack(caption_side).mean(),
        sum(floors) / len(floors),
    )


def per_language(
    images: Tensor, captions: Tensor, owner: list[int], language: list[int], scale: Tensor
) -> tuple[Tensor, float]:
    """The mean over languages of `parallel` between a language's captions and the images that they describe."""
    totals: list[Tensor] = []
    floors: list[float] = []
    for one in sorted(set(language)):
        chosen = [caption for caption in range(len(captions)) if language[caption] == one]
        shown = sorted({owner[caption] for caption in chosen})
        to_caption, to_image, floor = parallel(
            images[shown], captions[chosen], [shown.index(owner[caption]) for caption in chosen], scale
        )
        totals.append((to_caption + to_image) / 2)
        floors.append(floor)
    return torch.stack(totals).mean(), sum(floors) / len(floors)


def sentences(vectors: Tensor, owner: list[int], scale: float) -> tuple[Tensor, float]:
    """The loss and its floor; 0 and 0 where no sentence has a translation."""
    losses: list[Tensor] = []
    floors: list[float] = []
    for one in range(len(vectors)):
        others = [other for other in range(len(vectors)) if other != one]
        scores = [scale * (vectors[one] * vectors[other]).sum() for other in others]
        same = [place for place, other in enumerate(others) if owner[other] == owner[one]]
        if same:
            losses.append(-sum(_log_share(scores, place) for place in same) / len(same))
            floors.append(math.log(len(same)))
    if not losses:
        return vectors.sum() * 0, 0.0
    return torch.stack(losses).mean(), sum(floors) / len(floors)
