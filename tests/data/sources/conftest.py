"""The program in this process, and the fixtures of runs for the commands that need one."""

from cli.program import isogloss
from train.fixtures import dataset, parallel, processor_only, text_tower

__all__ = ["dataset", "isogloss", "parallel", "processor_only", "text_tower"]
