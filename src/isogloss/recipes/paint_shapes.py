"""Paint in the shapes world: pixels of 32 x 32, from English captions, with the language model of the world as its text side.

Its pictures are those of `isogloss data shapes shapes --size 32`.

isogloss train paint_shapes --data.dataset shapes --run runs/paint
"""

from isogloss.losses.denoise import Denoising
from isogloss.models.adapter import Adapter
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.tower import Tower
from isogloss.train.optim import Optimisation
from isogloss.train.paint_recipe import PaintData, PaintRecipe
from isogloss.train.training import Training

recipe = PaintRecipe(
    data=PaintData(dataset="shapes", images_per_step=64, keep_pictures=True),
    text=Tower(model="lm_shapes"),
    # 2.8 million weights.
    unet=DiffusersPart(
        config={
            "sample_size": 32,
            "in_channels": 3,
            "out_channels": 3,
            "block_out_channels": [32, 64, 96],
            "layers_per_block": 1,
            "norm_num_groups": 8,
            "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
            "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
            "cross_attention_dim": 96,
            "attention_head_dim": 4,
        }
    ),
    adapter=Adapter(kind="tokens"),
    denoising=Denoising(prediction="flow"),
    ema=0.998,
    training=Training(
        steps=3000,
        log_every=50,
        validate_every=500,
        checkpoint_every=500,
        optimisation=Optimisation(learning_rate=2e-3, weight_decay=0.01, warmup=0.05),
    ),
)
