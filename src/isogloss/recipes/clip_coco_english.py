"""The baseline of `clip_coco_parallel`: the same model, steps, images and hyperparameters on English captions alone.

isogloss train clip_coco_english --data.dataset coco --run runs/coco/english
"""

from dataclasses import replace

from isogloss.recipes.clip_coco_parallel import recipe as parallel

recipe = replace(parallel, data=replace(parallel.data, languages=("en",)))
