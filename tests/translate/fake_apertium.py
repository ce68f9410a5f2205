"""A program that is called apertium, for the commands: slow, or broken, but with the real one's options."""

import sys
from pathlib import Path

# Reads what `apertium -z -u -f none MODE` reads, and writes capitals.
PROGRAM = """#!{python} -SE
import sys, time
if "-l" in sys.argv:
    print("  eng-spa\\n  eng-cat_valencia\\n  eng-cat\\n  spa-eng\\n  en-gl\\n  spa-eng_US\\n  eng-spa-tagger")
    sys.exit()
texts = sys.stdin.buffer.read()
{body}
sys.stdout.buffer.write(texts.upper())
"""


def fake_apertium(folder: Path, body: str = "") -> Path:
    """The folder to be put on the path, with the program in it."""
    folder.mkdir()
    program = folder / "apertium"
    program.write_text(PROGRAM.format(python=sys.executable, body=body), encoding="utf-8")
    program.chmod(0o755)
    return folder
