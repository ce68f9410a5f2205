"""Paint in the shapes world: pixels of 32 x 32, from English captions, with the text encoder of the world as its text side.

Its pictures are those of `isogloss data shapes shapes --size 32`.

isogloss train paint_shapes --data.dataset shapes --text.model runs/text_shapes/model --run runs/paint_shapes
"""

from isogloss.losses.denoise import Denoising
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.paint_text import Reading
from isogloss.models.tower import Tower
from isogloss.recipes.text_shapes import recipe as text
from isogloss.train.optim import Optimisation
from isogloss.train.paint_recipe import PaintData, PaintRecipe
from isogloss.train.training import Training

recipe = PaintRecipe(
    data=PaintData(dataset="shapes", images_per_step=32, keep_pictures=True),
    text=Tower(model="text_shapes"),
    reading=Reading(slots=text.slots),
    # 2.5 million weights, which paint two by two pixels at each of 16 x 16 places.
    unet=DiffusersPart(
        config={
            "sample_size": 16,
            "in_channels": 12,
            "out_channels": 12,
            "block_out_channels": [64, 96],
            "layers_per_block": 1,
            "norm_num_groups": 8,
            "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
            "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
            "cross_attention_dim": 96,
            "attention_head_dim": 2,
        }
    ),
    # What is where is decided while there is much noise.
    denoising=Denoising(prediction="flow", shift=2.0),
    ema=0.998,
    training=Training(
        steps=4200,
        log_every=50,
        validate_every=1000,
        checkpoint_every=500,
        optimisation=Optimisation(learning_rate=3e-3, weight_decay=0.01, method="muon", warmup=0.05),
    ),
)
