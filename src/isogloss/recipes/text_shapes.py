"""The text encoder of the shapes world: slots before a description in any of ten languages say it in English, no picture.

Its descriptions are those of `isogloss data shapes shapes-parallel --parallel`.

isogloss train text_shapes --data.dataset shapes-parallel --run runs/text_shapes
"""

from isogloss.train.optim import Optimisation
from isogloss.train.text_recipe import TextData, TextRecipe
from isogloss.train.training import Training

recipe = TextRecipe(
    data=TextData(dataset="shapes-parallel", meanings_per_step=64),
    config={
        "model_type": "xlm-roberta",
        "hidden_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 512,
        "max_position_embeddings": 66,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "type_vocab_size": 1,
    },
    tokenizer="bpe",
    slots=12,
    pivot="en",
    vocabulary=1000,
    hidden_tokens=0.0,
    alike=0.5,
    training=Training(
        steps=640,
        log_every=50,
        validate_every=0,
        checkpoint_every=500,
        optimisation=Optimisation(learning_rate=5e-3, method="muon", warmup=0.05),
    ),
)
