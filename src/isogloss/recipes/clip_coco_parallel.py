"""The paper at its own scale: COCO with captions in English, Spanish, Japanese and Hindi, all four of them in every step.

isogloss train clip_coco_parallel --data.dataset coco --run runs/coco/parallel
"""

from isogloss.models.towers import Tower
from isogloss.train.clip_recipe import ClipRecipe, ParallelData
from isogloss.train.optim import Optimisation
from isogloss.train.training import Training

# The hyperparameters are those of the authors' code (github.com/nkrasner/ML-CLIP, finetune_clip.py): 32 images a step, Adam
# without decay at 1e-5, ten epochs, towers frozen for the first half epoch, both read at their first token, 512 dimensions.
# Other than there: Karpathy's splits with a test set that is held out, embeddings of unit norm with a bounded temperature,
# a loss in both directions, a cosine where the learning rate falls in ten steps, gradients clipped to norm 1, captions cut
# at 64 tokens (there 128), and XLM-R base (there large).
recipe = ClipRecipe(
    data=ParallelData(
        dataset="coco",
        languages=("en", "es", "ja", "hi"),
        images_per_step=32,
        captions_per_language=1,
        threads=4,
    ),
    vision=Tower(model="google/vit-base-patch16-224-in21k", frozen_epochs=0.5),
    text=Tower(model="xlm-roberta-base", pooling="first", frozen_epochs=0.5),
    projection_dim=512,
    text_tokens=64,
    training=Training(
        # Ten epochs of the 113,287 pictures of train and restval together, 3,540 steps each.
        steps=35_400,
        log_every=50,
        # Twice an epoch: a validation reads 5,000 pictures and 25 captions of each.
        validate_every=1_770,
        checkpoint_every=1_770,
        workers=4,
        optimisation=Optimisation(
            learning_rate=1e-5, weight_decay=0.0, betas=(0.9, 0.999), epsilon=1e-8, warmup=0.0, final=0.0
        ),
    ),
)
