"""What the program says of itself: every command, every option and every field of a recipe."""

import re

import pytest
from cli.program import Program

from isogloss.cli import COMMANDS

NAMES = [" ".join(words) for words in COMMANDS]
IMPORT = ("name", "validation", "test", "decoded", "jobs")
OPTIONS = {
    "demo": ("folder", "languages", "seeds", "ablation", "jobs", "split", "cldr", "font"),
    "demo-chat": ("folder", "experiments", "seeds", "jobs", "split", "pictures"),
    "demo-paint": ("folder", "experiments", "seeds", "jobs", "split", "pictures"),
    "data emoji": ("cldr", "font", "size"),
    "data shapes": (
        *("text", "parallel", "size", "train", "validation", "test", "test-pairs", "languages", "replies"),
        *("kinds", "colours", "shapes", "sizes", "seed"),
    ),
    "data check": (),
    "data show": ("html", "samples", "seed"),
    "data add": ("language", "table", "key", "captions", "source", "replace", "kind", "columns", "encoding", "quotes"),
    "data export": ("format", "shard-megabytes", "main", "jobs"),
    "translate": (
        *("from", "to", "engine", "device", "precision", "beams", "threads"),
        *("split", "limit", "checks", "skip", "encoder", "dry-run", "on", "what"),
    ),
    "data table": (
        *("image", "captions", "language", "language-column", "images", "key", "split", "kind", "columns", "encoding"),
        *("quotes", "licence", *IMPORT),
    ),
    "data coco": ("annotations", "images", "karpathy", "language", "licence", *IMPORT),
    "data flickr": ("images", "karpathy", "tokens", "splits", "language", "licence", *IMPORT),
    "data remove": ("language", "source", "what"),
    "data webdataset": ("captions", "language", "licence", *IMPORT),
    "data hub": (
        *("config", "revision", "split", "image", "captions", "language", "language-column", "key", "split-column"),
        *("streaming", "licence", *IMPORT),
    ),
    "data llava": ("images", "language", "licence", *IMPORT),
    "data folder": ("captions", "language", "table", "licence", *IMPORT),
    "evaluate": (
        *("dataset", "split", "languages", "sources", "pictures", "together", "dtype", "steps", "guidance", "seed"),
        *("scorer", "features", "translator"),
    ),
    "compare": ("folder", "split", "languages"),
    "report": (),
    "search": ("top", "split", "dataset", "names"),
    "chat": (
        *("prompt", "reply-in", "beams", "temperature", "top-p", "repetition-penalty", "max-tokens", "seed"),
        *("quantise", "device", "dtype", "text-safety", "text-limits", "picture-safety", "picture-limits"),
    ),
    "paint": (
        *("prompts", "out", "steps", "guidance", "negative", "seed", "count", "size", "batch", "scheduler", "best-of"),
        *("ranker", "device", "text-safety", "text-limits", "picture-safety", "picture-limits"),
    ),
    "judge": (
        *("ours", "reference", "judge", "model", "folder", "key", "pictures", "concurrency", "attempts", "timeout"),
        *("temperature", "retry"),
    ),
}
RECIPES = ("clip_emoji_parallel", "text_emoji", "lm_shapes", "chat_shapes")


def options(shown: str) -> dict[str, str]:
    """Every option of a help page and what is said of it, without its default."""
    found: dict[str, str] = {}
    name = ""
    for line in shown.replace("│", " ").splitlines():
        if re.match(r"  --?[a-z]", line):
            # Two spaces or more lie between the kind of an option's value and what it is for.
            kind, *said = re.split(r"  +", line.strip(), maxsplit=1)
            if name and not found[name]:  # the same option's other name, on a line of its own
                found[name] = " ".join(said)
                continue
            name = kind.split()[0].rstrip(",")
            found[name] = " ".join(said)
        elif line.startswith("  ") and name:
            found[name] += " " + line.strip()
        else:
            name = ""
    return {name: re.sub(r"\(default: [^)]*\)$", "", said.strip()).strip() for name, said in found.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_every_command(name: str, isogloss: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = isogloss(*name.split(), "--help")
    assert (done.code, done.errors) == (0, "")
    assert done.output.startswith((f"usage: isogloss {name} ", f"{COMMANDS[tuple(name.split())].__doc__}"))
    assert "Args:" not in done.output
    wanted = {"-h"} | ({f"--{option}" for option in OPTIONS[name]} if name != "train" else set())
    assert (set(options(done.output)) | {"-h"}) == wanted
    assert all(options(done.output).values()), options(done.output)
    assert done.output == isogloss(*name.split(), "-h").output


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_help_of_a_recipe_explains_every_field(
    recipe: str, isogloss: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = isogloss("train", recipe, "--help")
    assert (done.code, done.errors) == (0, "")
    assert done.output.startswith(f"usage: isogloss train {recipe} ")
    assert "Args:" not in done.output
    found = options(done.output)
    assert {"--run", "--data.dataset"} <= found.keys()
    assert any(name.endswith("training.optimisation.learning-rate") for name in found)
    # The fields of a tower's configuration are Transformers' own, and patterns of names are users'.
    named_by_users = ("config.", "factors.")
    assert [name for name, said in found.items() if not said and not any(part in name for part in named_by_users)] == []


def test_the_overview_names_every_command(isogloss: Program) -> None:
    shown = isogloss("--help")
    assert (shown.code, shown.errors) == (0, "")
    assert isogloss("-h") == shown
    for name, function in COMMANDS.items():
        assert f"  {' '.join(name):<12} {(function.__doc__ or '').splitlines()[0]}\n" in shown.output
    for arguments, code in (([], 2), (["data"], 2), (["data", "--help"], 0)):
        done = isogloss(*arguments)
        assert (done.code, done.output + done.errors) == (code, shown.output)


def test_train_alone_names_the_recipes(isogloss: Program) -> None:
    for arguments, code in (([], 2), (["--help"], 0), (["-h"], 0)):
        done = isogloss("train", *arguments)
        assert done.code == code
        assert all(recipe in done.output + done.errors for recipe in RECIPES)
