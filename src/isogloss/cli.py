"""The command line: `isogloss COMMAND …`."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, make_dataclass, replace
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import tyro

from isogloss.commands import compare, data_check, data_emoji, demo, demo_chat, demo_paint, report, search
from isogloss.data.commands import data_add, data_export, data_remove, data_show
from isogloss.data.sources.commands import (
    data_coco,
    data_flickr,
    data_folder,
    data_hub,
    data_llava,
    data_table,
    data_webdataset,
)
from isogloss.data.worlds.shapes.command import data_shapes
from isogloss.errors import UserError, unknown
from isogloss.evaluate.command import evaluate
from isogloss.evaluate.judge.command import judge
from isogloss.serve.chat_command import chat
from isogloss.serve.paint_commands import paint
from isogloss.translate.command import translate

_RUN_HELP = "the folder that is made for the run; one that was stopped goes on."
# Beside the recipe's own fields: name, type, default and help of each.
ESTIMATE_OPTIONS: tuple[tuple[str, Any, Any, str], ...] = (
    ("estimate", bool, False, "print what the run will take in time, memory and money, and train nothing."),
    ("assume_images", int | None, None, "with --estimate: pictures to train on, where the dataset is not there."),
    ("assume_tokens", int, 16, "with --estimate: of a caption, where the dataset or the tokenizer is not there."),
    (
        "assume_utilisation",
        float,
        0.4,
        "with --estimate: the share of the peak in a device's data sheet that a step reaches.",
    ),
    ("price_per_hour", float | None, None, "with --estimate: of one device of the table, in any currency."),
)


def _check_recipe(name: str) -> None:
    """Before torch is imported, which takes seconds."""
    from isogloss.recipes import recipe_names

    if name.endswith(".py"):
        if not Path(name).is_file():
            raise UserError(f"There is no recipe file {name}; give the path of a Python file that defines `recipe`.")
    elif name not in recipe_names():
        raise unknown("recipe", name, recipe_names())


def _named_towers(recipe: Any, arguments: Sequence[str]) -> Any:
    """The recipe without the configs of those towers for which the command line names a model."""
    for kind in ("vision", "text", "unet"):
        given = next((word for word in arguments if word.split("=")[0] == f"--{kind}.model"), None)
        tower = getattr(recipe, kind, None)
        if given and tower is not None and tower.config:
            # The name itself is put in with all other options; until then a tower without either is none.
            recipe = replace(recipe, **{kind: replace(tower, model="named by the command line", config={})})
    return recipe


def _numbers_anew(part: Any, given: Sequence[str], numbers: Any, prefix: str = "") -> Any:
    """A recipe, or a part of it, without those numbers by name that the command line gives anew, as --align.shares es 0.1."""
    changed: dict[str, Any] = {}
    for entry in fields(part):
        path, value = f"{prefix}{entry.name}".replace("_", "-"), getattr(part, entry.name)
        if is_dataclass(value):
            changed[entry.name] = _numbers_anew(value, given, numbers, f"{path}.")
        elif entry.type == numbers and path in given:
            changed[entry.name] = {}  # for tyro would know no other names than those that are there
    return replace(part, **changed)


def train(arguments: Sequence[str]) -> None:
    """Train a recipe: `isogloss train RECIPE [--run FOLDER] [--estimate] [--path.to.field VALUE …]`."""
    from isogloss.recipes import recipe_names

    if not arguments or arguments[0].startswith("-"):
        print(f"{train.__doc__}\n\nRecipes: {', '.join(recipe_names())}, or a Python file that defines `recipe`.")
        print("`isogloss train RECIPE --help` lists the fields.")
        raise SystemExit(0 if "--help" in arguments or "-h" in arguments else 2)
    _check_recipe(arguments[0])

    from isogloss.train.recipe import NUMBERS, field_paths, load_recipe
    from isogloss.train.run import train as run_recipe

    named = [word.removeprefix("--").replace("_", "-") for word in arguments[1:] if word.startswith("--")]
    default = _numbers_anew(_named_towers(load_recipe(arguments[0]), arguments), named, NUMBERS)
    extra = [name.replace("_", "-") for name, *_ in ESTIMATE_OPTIONS]
    known = [*field_paths(default), "run", *extra, "no-estimate", "help"]
    for argument in arguments[1:]:
        name = argument.removeprefix("--").split("=")[0].replace("_", "-").replace(".no-", ".")
        if argument.startswith("--") and not any(name == path or name.startswith(f"{path}.") for path in known):
            raise unknown("field", name, known)

    # The recipe's own class is known only now, so what the command line is made of is too.
    asked = make_dataclass(
        "Asked",
        [
            ("recipe", Annotated[type(default), tyro.conf.arg(name="")], default),
            ("run", Annotated[Path, tyro.conf.arg(help=_RUN_HELP)], Path("runs") / Path(arguments[0]).stem),
            *((name, Annotated[kind, tyro.conf.arg(help=text)], value) for name, kind, value, text in ESTIMATE_OPTIONS),
        ],
    )
    chosen: Any = tyro.cli(
        asked,
        prog=f"isogloss train {arguments[0]}",
        args=list(arguments[1:]),
        description=(default.__doc__ or "").split("\n\n")[0],
    )
    if chosen.estimate:
        from isogloss.train.estimate_table import Assumed, print_estimate

        assumed = Assumed(chosen.assume_images, chosen.assume_tokens, chosen.assume_utilisation, chosen.price_per_hour)
        print_estimate(chosen.recipe, assumed)
        return
    for name, _, value, _ in ESTIMATE_OPTIONS:
        if getattr(chosen, name) != value:
            raise UserError(f"--{name.replace('_', '-')} is for an estimate; give it with --estimate, or leave it out.")
    print(run_recipe(chosen.recipe, chosen.run))


COMMANDS: dict[tuple[str, ...], Callable[..., None]] = {
    ("demo",): demo,
    ("demo-chat",): demo_chat,
    ("demo-paint",): demo_paint,
    ("data", "emoji"): data_emoji,
    ("data", "shapes"): data_shapes,
    ("data", "check"): data_check,
    ("data", "show"): data_show,
    ("data", "add"): data_add,
    ("data", "remove"): data_remove,
    ("data", "export"): data_export,
    ("data", "table"): data_table,
    ("data", "coco"): data_coco,
    ("data", "flickr"): data_flickr,
    ("data", "webdataset"): data_webdataset,
    ("data", "hub"): data_hub,
    ("data", "folder"): data_folder,
    ("data", "llava"): data_llava,
    ("translate",): translate,
    ("train",): train,
    ("evaluate",): evaluate,
    ("compare",): compare,
    ("report",): report,
    ("search",): search,
    ("chat",): chat,
    ("paint",): paint,
    ("judge",): judge,
}


def _check_options(function: Callable[..., None], arguments: Sequence[str]) -> None:
    defaults = {name: parameter.default for name, parameter in signature(function).parameters.items()}
    for name, default in list(defaults.items()):
        if is_dataclass(default):  # its fields are options without a prefix
            defaults |= {field.name: getattr(default, field.name) for field in fields(defaults.pop(name))}
    known = ["--help"]
    for name, default in defaults.items():
        if default is not Parameter.empty:
            option = name.strip("_").replace("_", "-")
            known += [f"--{option}", f"--no-{option}"] if isinstance(default, bool) else [f"--{option}"]
    for argument in arguments:
        option = argument.split("=")[0]
        if option.startswith("--") and option.replace("_", "-") not in known:
            raise unknown("option", option, known)


def _overview() -> str:
    lines = ["usage: isogloss COMMAND …", "", "Image–text models in every language, from English image–text data.", ""]
    for words, function in COMMANDS.items():
        lines.append(f"  {' '.join(words):<12} {(function.__doc__ or '').splitlines()[0]}")
    return "\n".join([*lines, "", "`isogloss COMMAND --help` says more; `--debug` shows where an error comes from."])


def dispatch(arguments: Sequence[str]) -> None:
    """Run one command.

    Raises:
        UserError: what the user can mend.
    """
    words = tuple(arguments)
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        raise SystemExit(0 if words else 2)
    for name, function in COMMANDS.items():
        if words[: len(name)] == name:
            rest = words[len(name) :]
            if function is train:
                return train(rest)
            _check_options(function, rest)
            return tyro.cli(function, prog=f"isogloss {' '.join(name)}", args=rest)
    named = [name for name in COMMANDS if name[0] == words[0]]
    if named and (len(words) == 1 or words[1].startswith("-")):
        print(_overview())
        raise SystemExit(0 if len(words) > 1 else 2)
    depth = 2 if named else 1
    raise unknown("command", " ".join(words[:depth]), [" ".join(name) for name in COMMANDS])


def main() -> None:
    """The `isogloss` program: errors of the user are one sentence and exit code 2."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    _quiet_libraries()
    try:
        dispatch([argument for argument in arguments if argument != "--debug"])
    except UserError as error:
        if debug:
            raise
        print(f"isogloss: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("isogloss: stopped; what is finished is saved, and the same command goes on from there.", file=sys.stderr)
        raise SystemExit(130) from None


def _quiet_libraries() -> None:
    """Say nothing of how libraries load weights, only when they are loaded at all."""
    import os

    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


if __name__ == "__main__":
    main()
