"""A chat model of the shapes world, from English pairs alone: it learns to be told what is seen, and then to answer.

Its pictures are those of `isogloss data shapes shapes --train 24000`; eyes and language model are trained first.

isogloss train chat_shapes --data.dataset shapes --run runs/chat_shapes
"""

from isogloss.models.connector import Connector
from isogloss.models.tower import Tower
from isogloss.train.chat_recipe import ChatData, ChatRecipe, ChatStage
from isogloss.train.optim import Optimisation
from isogloss.train.stages import Stage
from isogloss.train.training import Training

LANGUAGE_MODEL, EYES = "language_model.*", "vision_tower.*"

recipe = ChatRecipe(
    data=ChatData(dataset="shapes", image_size=64, keep_pictures=True),
    vision=Tower(model="clip_shapes_english"),
    language_model=Tower(model="lm_shapes"),
    connector=Connector(kind="mlp"),
    align=ChatStage(
        source="captions",
        conversations_per_step=64,
        row_tokens=256,
        excess=0.1,
        stages=(Stage(0.0, "run", (LANGUAGE_MODEL, EYES)), Stage(0.2, "run", (LANGUAGE_MODEL,))),
        training=Training(
            steps=800,
            log_every=20,
            validate_every=0,
            checkpoint_every=200,
            optimisation=Optimisation(learning_rate=3e-3, weight_decay=0.05, method="muon"),
        ),
    ),
    instruct=ChatStage(
        source="conversations",
        conversations_per_step=48,
        row_tokens=384,
        excess=0.1,
        stages=(Stage(0.0, "run", (EYES,)),),
        training=Training(
            steps=350,
            log_every=20,
            validate_every=0,
            checkpoint_every=175,
            optimisation=Optimisation(learning_rate=8e-4, weight_decay=0.05, method="muon"),
        ),
    ),
)
