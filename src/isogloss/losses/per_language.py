"""The per-language variant: one CLIP loss for each language of the batch, averaged."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from isogloss.losses import Losses
from isogloss.losses.parallel import parallel_loss


def per_language_loss(
    image_embeddings: Float[Tensor, "image dim"],
    caption_embeddings: Float[Tensor, "caption dim"],
    owner: Int[Tensor, " caption"],
    language: Int[Tensor, " caption"],
    scale: Float[Tensor, ""],
) -> Losses:
    r"""The mean over languages l of CLIP's loss between the captions in l and the images captioned in l.

    Unlike `parallel_loss`, captions compete with those of their own language only, so no language can be told from
    another by the loss, and none has to be aligned with another directly.

    Args:
        image_embeddings: of unit norm, [image, dim].
        caption_embeddings: of unit norm, [caption, dim].
        owner: the row of the image that a caption describes, [caption].
        language: any number that stands for a caption's language, [caption].
        scale: inverse temperature, a scalar.
    """
    each: list[Losses] = []
    for one in torch.unique(language):
        of_language = language == one
        images, local_owner = torch.unique(owner[of_language], return_inverse=True)
        each.append(parallel_loss(image_embeddings[images], caption_embeddings[of_language], local_owner, scale))
    return Losses(
        total=torch.stack([losses.total for losses in each]).mean(),
        floor=torch.stack([losses.floor for losses in each]).mean(),
        parts={name: torch.stack([losses.parts[name] for losses in each]).mean() for name in each[0].parts},
    )
