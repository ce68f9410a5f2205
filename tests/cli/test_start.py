"""The program starts at once: what needs no model does not wait for the libraries that models need."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from train.commands import ENVIRONMENT

# What fails, or is only looked up, before anything has to be computed.
CHEAP = (
    "--help",
    "trainn",
    "evaluate --help",
    "train",
    "train clip_emoji_paralel",
    "train nowhere.py",
    "evaluate nowhere",
    "search nowhere dog",
    "report nowhere",
    "data check nowhere",
)
# torch takes seconds to import; here it cannot be, and who tries is told.
WITHOUT_TORCH = """
import json, sys
import isogloss.cli
imported = sorted({"torch", "transformers", "accelerate", "pyarrow", "numpy"} & sys.modules.keys())
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "transformers"):
            raise ImportError(name + " was imported")
sys.meta_path.insert(0, Absent())
ended = {}
for typed in sys.argv[1:]:
    try:
        isogloss.cli.dispatch(typed.split())
    except SystemExit:
        ended[typed] = "exit"
    except Exception as error:
        ended[typed] = type(error).__name__ + ": " + str(error)
sys.__stderr__.write(json.dumps([imported, ended]))
"""


@pytest.fixture(scope="module")
def without_torch() -> Any:
    """What `isogloss.cli` imports, and how cheap commands end, in a process that has no torch."""
    called = [sys.executable, "-c", WITHOUT_TORCH, *CHEAP]
    return json.loads(subprocess.run(called, env=ENVIRONMENT, capture_output=True, text=True, check=True).stderr)


def test_importing_the_command_line_is_quick(without_torch: Any) -> None:
    assert without_torch[0] == []


@pytest.mark.parametrize("typed", CHEAP)
def test_what_needs_no_model_waits_for_none(typed: str, without_torch: Any) -> None:
    assert re.match(r"exit|UserError: .*(nowhere|did you mean)", without_torch[1][typed]), without_torch[1][typed]
