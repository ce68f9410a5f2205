"""Qwen3 with SigLIP 2's eyes: aligned on English pairs, instructed in English and a hundredth of it in seven languages.

isogloss train chat_qwen --data.dataset llava --run runs/qwen

Saved as Transformers' LLaVA, which vLLM serves. `--connector.reduction pixel_shuffle --connector.factor 3` makes 81 visual
tokens of a picture's 729, for a fraction of the cost and for isogloss alone.
"""

from isogloss.models.connector import Connector
from isogloss.models.lora import Lora
from isogloss.models.tower import Tower
from isogloss.train.chat_recipe import ChatData, ChatRecipe, ChatStage
from isogloss.train.optim import Optimisation
from isogloss.train.stages import Stage
from isogloss.train.training import Training

TRANSLATED = ("es", "ja", "hi", "de", "fr", "zh", "bn")
SHARE = 0.01
# Of both stages, LLaVA 1.5's (arXiv 2310.03744, table 9): 256 and 128 conversations a step, one epoch, learning rates of 1e-3
# and 2e-5 after a warmup of 3 %, no decay. LLaVA-Pretrain has 558,128 pairs, LLaVA-Instruct-150K 157,712 conversations.
ALIGN_STEPS = 558_128 // 256
INSTRUCT_STEPS = round(157_712 * (1 + SHARE * len(TRANSLATED))) // 128
# As LLaVA-OneVision trains its eyes (arXiv 2408.03326, table 1).
EYES_RATE = 2e-6


def _training(steps: int, micro_batches: int, learning_rate: float, **factors: float) -> Training:
    return Training(
        steps=steps,
        micro_batches=micro_batches,
        gradient_checkpointing=True,
        log_every=10,
        validate_every=500,
        checkpoint_every=500,
        workers=8,
        optimisation=Optimisation(
            learning_rate=learning_rate, betas=(0.9, 0.999), weight_decay=0.0, warmup=0.03, factors=factors
        ),
    )


recipe = ChatRecipe(
    data=ChatData(dataset="llava", threads=4),
    vision=Tower(model="google/siglip2-so400m-patch14-384"),
    language_model=Tower(model="Qwen/Qwen3-4B"),
    connector=Connector(kind="mlp"),
    align=ChatStage(
        source="captions",
        conversations_per_step=256,
        row_tokens=1024,
        stages=(
            Stage(frozen=("vision_tower.*", "language_model.*")),
            Stage(start=0.5, unit="run", frozen=("language_model.*",)),
        ),
        # Kept, the states of LLaVA-Pretrain's pictures would take 940 GB.
        cache=False,
        training=_training(ALIGN_STEPS, 16, 1e-3, **{"vision_tower.*": EYES_RATE / 1e-3}),
    ),
    instruct=ChatStage(
        source="conversations",
        languages=("en", *TRANSLATED),
        shares=dict.fromkeys(TRANSLATED, SHARE),
        conversations_per_step=128,
        row_tokens=2048,
        stages=(Stage(frozen=("vision_tower.*",)),),
        cache=False,
        # LLaVA 1.5's own (scripts/v1_5/finetune_lora.sh, github.com/haotian-liu/LLaVA): adapters at 2e-4, the connector at
        # 2e-5. `--instruct.lora.rank 0 --instruct.training.optimisation.learning-rate 2e-5` trains all of the language model.
        lora=Lora(rank=128, alpha=256, dropout=0.05),
        training=_training(INSTRUCT_STEPS, 32, 2e-4, **{"multi_modal_projector.*": 0.1}),
    ),
)
