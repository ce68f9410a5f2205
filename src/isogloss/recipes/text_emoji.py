"""The text-only stage of the emoji world: names in every language, no picture.

isogloss train text_emoji --data.dataset emoji --run runs/text_emoji
"""

from isogloss.train.optim import Optimisation
from isogloss.train.text_recipe import TextData, TextRecipe
from isogloss.train.training import Training

recipe = TextRecipe(
    data=TextData(dataset="emoji", meanings_per_step=128),
    config={
        "model_type": "xlm-roberta",
        "hidden_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 512,
        "max_position_embeddings": 66,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "type_vocab_size": 1,
    },
    vocabulary=8000,
    hidden_tokens=0.0,
    masked=0.0,
    aligned=1.0,
    training=Training(
        steps=500, log_every=20, checkpoint_every=250, optimisation=Optimisation(learning_rate=2e-3, weight_decay=0.1)
    ),
)
