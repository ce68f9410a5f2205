"""A job with a slow engine in a process of its own: DIRECTORY LOG."""

import sys
from pathlib import Path

from translate.made_up_engine import ENGLISH, SPANISH, Backwards

from isogloss.data.dataset import Dataset
from isogloss.translate.job import Job, translate

if __name__ == "__main__":
    root, log = map(Path, sys.argv[1:])
    engine = Backwards(texts_per_call=20, seconds=0.02, log=log)
    translate(Job(Dataset.open(root), ENGLISH, SPANISH, engine.name), engine, write_every=0)
