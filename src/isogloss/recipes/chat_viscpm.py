"""VisCPM-Chat at its own scale: eyes aligned to a language model on English pairs, then instructed with a little Chinese.

isogloss train chat_viscpm --data.dataset pairs --run runs/viscpm

Instructed whole, as theirs is, each device holds 16 bytes of each of 8.6 billion weights, 137 GB, and its activations: an
estimated 154 GB. `--instruct.lora.rank 128 --instruct.training.optimisation.learning-rate 2e-4` trains adapters and leaves 12 of
the 16 away for the language model.
"""

from isogloss.models.connector import Connector
from isogloss.models.tower import Tower
from isogloss.train.chat_recipe import ChatData, ChatRecipe, ChatStage
from isogloss.train.optim import Optimisation
from isogloss.train.stages import Stage
from isogloss.train.training import Training

# Adam's numbers are those of the authors' finetune/ft_viscpm_chat/config/deepspeed/viscpm_chat_ft.json
# (github.com/OpenBMB/VisCPM): 1e-5 after 200 steps of warmup and constant then, 0.9 and 0.98, decay 0.01. They publish none
# for the first stage, which has the same here.
WARMUP_STEPS = 200
# Their number of images in a step is not published; it is LLaVA 1.5's of each stage (arXiv 2310.03744, table 9).
ALIGN_PICTURES, INSTRUCT_PICTURES = 256, 128
# "Approximately 100M" English pairs of CC3M, CC12M, COCO, Visual Genome and LAION (their README), each once.
ALIGN_STEPS = 100_000_000 // ALIGN_PICTURES
# LLaVA-Instruct-150K has 157,712 conversations; five epochs as in their run_viscpm_chat_ft.sh, with a tenth in Chinese beside
# it. How much they translated is not published: "a small amount" fixes the language of replies.
CHINESE = 0.1
INSTRUCT_STEPS = round(5 * 157_712 * (1 + CHINESE)) // INSTRUCT_PICTURES


def _training(steps: int, micro_batches: int, **factors: float) -> Training:
    return Training(
        steps=steps,
        micro_batches=micro_batches,
        gradient_checkpointing=True,
        log_every=50,
        validate_every=2_000,
        checkpoint_every=1_000,
        workers=8,
        optimisation=Optimisation(
            learning_rate=1e-5,
            betas=(0.9, 0.98),
            weight_decay=0.01,
            warmup=WARMUP_STEPS / steps,
            final=1.0,
            factors=factors,
        ),
    )


recipe = ChatRecipe(
    data=ChatData(dataset="pairs", threads=4),
    # Theirs are BEiT-3 large with 16 x 16 patches of 224 pixels and CPM-Bee 10B (VisCPM/models/beit3.py and viscpm_chat.py
    # there), neither a model of Transformers. The nearest that are: BEiT large, of the same shape but trained on pictures
    # alone, and Qwen3 8B, which has more languages than CPM-Bee's two.
    vision=Tower(model="microsoft/beit-large-patch16-224-pt22k-ft22k"),
    language_model=Tower(model="Qwen/Qwen3-8B"),
    # Their 64 queries go through the layers of BEiT-3 with the patches; here they read what its layers make of them.
    connector=Connector(kind="resampler", queries=64),
    align=ChatStage(
        source="captions",
        conversations_per_step=ALIGN_PICTURES,
        # Theirs too (--max_len of run_viscpm_chat_ft.sh).
        row_tokens=512,
        # Queries that are new would spoil eyes that are not: at first they learn alone.
        stages=(
            Stage(frozen=("vision_tower.*", "language_model.*")),
            Stage(start=2_000, frozen=("language_model.*",)),
        ),
        # Kept, the states of so many pictures would take 40 TB.
        cache=False,
        # The new queries learn at LLaVA's rate for a new connector, 1e-3 (arXiv 2310.03744).
        training=_training(ALIGN_STEPS, 8, **{"multi_modal_projector.*": 100.0}),
    ),
    instruct=ChatStage(
        source="conversations",
        languages=("en", "zh"),
        shares={"zh": CHINESE},
        conversations_per_step=INSTRUCT_PICTURES,
        row_tokens=512,
        cache=False,
        training=_training(INSTRUCT_STEPS, 16),
    ),
)
