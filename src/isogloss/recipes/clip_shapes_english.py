"""The eyes of the shapes world: a dual encoder of pictures and English captions, whose text tower is the language model.

Its pictures are those of `isogloss data shapes shapes --train 24000`, its language model is trained by `lm_shapes`.

isogloss train clip_shapes_english --data.dataset shapes --text.model runs/lm_shapes/model --run runs/clip_shapes
"""

from isogloss.models.tower import Tower
from isogloss.train.clip_recipe import ClipRecipe, ParallelData
from isogloss.train.optim import Optimisation
from isogloss.train.training import Training

recipe = ClipRecipe(
    data=ParallelData(dataset="shapes", languages=("en",), images_per_step=96, image_size=64, keep_pictures=True),
    # Of 16 places with a wide view each; a vision transformer sees less in as many minutes (docs/log.md).
    vision=Tower(
        config={
            "model_type": "resnet",
            "embedding_size": 32,
            "hidden_sizes": [64, 128, 256],
            "depths": [1, 1, 1],
            "layer_type": "basic",
        }
    ),
    text=Tower(model="lm_shapes", frozen_epochs=0.0),
    projection_dim=128,
    text_tokens=64,
    training=Training(
        steps=400,
        log_every=20,
        validate_every=0,
        checkpoint_every=200,
        optimisation=Optimisation(learning_rate=3e-3, weight_decay=0.1, method="muon"),
    ),
)
