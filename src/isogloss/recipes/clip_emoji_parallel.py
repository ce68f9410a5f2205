"""Parallel multilingual CLIP on the emoji world: English, Spanish, Japanese and Arabic names of each picture at once.

isogloss train clip_emoji_parallel --data.dataset emoji --text.model runs/text_emoji/model --run runs/parallel
"""

from isogloss.data.augment import Augmentation
from isogloss.models.towers import Tower
from isogloss.train.clip_recipe import ClipRecipe, ParallelData
from isogloss.train.optim import Optimisation
from isogloss.train.training import Training

recipe = ClipRecipe(
    data=ParallelData(
        dataset="emoji",
        languages=("en", "es", "ja", "ar"),
        images_per_step=64,
        hidden_tokens=0.25,
        image_size=64,
        keep_pictures=True,
        augmentation=Augmentation(scale=0.15, shift=0.12, turn=0.15),
    ),
    # A small residual network sees more in minutes on a processor than a vision transformer does (docs/log.md).
    vision=Tower(
        config={
            "model_type": "resnet",
            "embedding_size": 32,
            "hidden_sizes": [32, 64, 128, 256],
            "depths": [1, 1, 1, 1],
            "layer_type": "basic",
        }
    ),
    # What tokens mean stays as the text stage has it: training moves only those of its own languages, and the others then
    # fit the layers above them no longer (docs/results/emoji.md has both).
    text=Tower(model="text_emoji", frozen_epochs=0.5, frozen=("embeddings.*",)),
    projection_dim=128,
    training=Training(
        steps=900,
        log_every=10,
        validate_every=100,
        checkpoint_every=300,
        optimisation=Optimisation(learning_rate=1.5e-3, weight_decay=0.1),
    ),
)
