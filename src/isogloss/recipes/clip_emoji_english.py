"""The baseline of `clip_emoji_parallel`: the same model, steps, images and hyperparameters on English names alone.

isogloss train clip_emoji_english --data.dataset emoji --text.model runs/text_emoji/model --run runs/english_only
"""

from dataclasses import replace

from isogloss.recipes.clip_emoji_parallel import recipe as parallel

recipe = replace(parallel, data=replace(parallel.data, languages=("en",)))
