"""The language model of the shapes world: scenes told in ten languages and asked for in ten, no picture.

Its conversations are those of `isogloss data shapes shapes-text --text`.

isogloss train lm_shapes --data.dataset shapes-text --run runs/lm_shapes
"""

from isogloss.train.lm_recipe import CorpusData, LanguageModelRecipe
from isogloss.train.optim import Optimisation
from isogloss.train.training import Training

recipe = LanguageModelRecipe(
    data=CorpusData(dataset="shapes-text", conversations_per_step=64, row_tokens=128),
    config={
        "model_type": "llama",
        "hidden_size": 192,
        "num_hidden_layers": 2,
        "num_attention_heads": 8,
        "num_key_value_heads": 8,
        "head_dim": 24,
        "intermediate_size": 576,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
    },
    vocabulary=1500,
    tokens=128,
    noise=0.2,
    blend=0.8,
    training=Training(
        steps=1600,
        log_every=50,
        validate_every=0,
        checkpoint_every=400,
        optimisation=Optimisation(learning_rate=5e-3, method="muon", warmup=0.05),
    ),
)
