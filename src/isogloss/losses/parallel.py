"""The parallel objective: every translation of an image's caption is a target of that image."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from isogloss.losses import Losses


def parallel_loss(
    image_embeddings: Float[Tensor, "image dim"],
    caption_embeddings: Float[Tensor, "caption dim"],
    owner: Int[Tensor, " caption"],
    scale: Float[Tensor, ""],
) -> Losses:
    r"""Multi-positive contrastive loss over images and their captions in every language at once.

    With similarities :math:`s_{ic} = \text{scale} \cdot v_i \cdot t_c` and :math:`C_i` the captions that image i owns,

    .. math:: \tfrac12 \Big[ -\tfrac1I \sum_i \tfrac1{|C_i|} \sum_{c \in C_i} \log \frac{e^{s_{ic}}}{\sum_{c'} e^{s_{ic'}}}
              \;-\; \tfrac1C \sum_c \log \frac{e^{s_{o(c)c}}}{\sum_{i'} e^{s_{i'c}}} \Big]

    (Krasner & Lanuzo, *Parallel Multilingual Pre-Training for Multi-Modal Representations*). With one caption an image it
    is CLIP's loss (arXiv 2103.00020). Its floor is half the mean of log |C_i|: the image side can at best share its mass
    evenly among its targets. Images that own no caption are negatives only.

    Args:
        image_embeddings: of unit norm, [image, dim].
        caption_embeddings: of unit norm, [caption, dim], languages and images in any order.
        owner: the row of the image that a caption describes, [caption].
        scale: inverse temperature, a scalar.

    Returns:
        Losses with parts `image_to_caption` and `caption_to_image`.

    Example:
        >>> images = F.normalize(torch.randn(2, 8), dim=-1)
        >>> captions = images.repeat(3, 1)                      # the same two images, captioned in three languages
        >>> losses = parallel_loss(images, captions, torch.tensor([0, 1, 0, 1, 0, 1]), torch.tensor(100.0))
    """
    logits = scale * image_embeddings @ caption_embeddings.T
    captions_of = torch.bincount(owner, minlength=len(image_embeddings))
    captioned = captions_of > 0

    log_share = logits.log_softmax(dim=1)[owner, torch.arange(len(owner), device=owner.device)]
    per_image = torch.zeros_like(logits[:, 0]).index_add(0, owner, log_share / captions_of[owner])
    image_to_caption = -per_image.sum() / captioned.sum()
    caption_to_image = F.cross_entropy(logits.T, owner)
    return Losses(
        total=(image_to_caption + caption_to_image) / 2,
        floor=captions_of[captioned].to(logits.dtype).log().mean() / 2,
        parts={
            "image_to_caption": image_to_caption.detach(),
            "caption_to_image": caption_to_image.detach(),
        },
    )
