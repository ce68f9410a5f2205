"""`isogloss data shapes`."""

from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table

from isogloss.errors import UserError, unknown


def data_shapes(
    directory: tyro.conf.Positional[Path],
    text: bool = False,
    parallel: bool = False,
    size: int = 64,
    train: int | None = None,
    validation: int | None = None,
    test: int | None = None,
    test_pairs: int | None = None,
    languages: tuple[str, ...] = (),
    replies: int = 3,
    kinds: tuple[str, ...] = (),
    colours: tuple[str, ...] = (),
    shapes: tuple[str, ...] = (),
    sizes: tuple[str, ...] = (),
    seed: int = 0,
) -> None:
    """Draw scenes of coloured shapes with captions and conversations in ten languages, as a dataset folder.

    Args:
        directory: the dataset folder to make.
        text: write conversations without pictures, about scenes that are never drawn.
        parallel: write such scenes' descriptions in all languages, near ones side by side, for a text stage to align.
        size: of the pictures, in pixels.
        train: pictures for training, or with --text conversations, or with --parallel scenes.
        validation: pictures for validation, or with --text conversations.
        test: pictures of scenes that are in no other split.
        test_pairs: pictures with a pair of colour and shape that no other split shows.
        languages: none for all ten.
        replies: the most replies in a conversation about a picture; 0 for no conversations.
        kinds: of scenes (one, many, pair, groups); none for all.
        colours: only scenes with these; none for all.
        shapes: only scenes with these; none for all.
        sizes: only scenes with these (small, medium, large); none for all.
        seed: another one draws other scenes otherwise.
    """
    from isogloss.data.worlds.shapes.parallel import MEANINGS, build_shapes_parallel
    from isogloss.data.worlds.shapes.scene import COLOURS, SHAPES, SIZES
    from isogloss.data.worlds.shapes.splits import KINDS
    from isogloss.data.worlds.shapes.world import CONVERSATIONS, LANGUAGES, PICTURES, build_shapes, build_shapes_text
    from isogloss.train.log import progress_bar

    given = {"train": train, "validation": validation, "test": test, "test_pairs": test_pairs}
    if text and parallel:
        raise UserError("--parallel and --text make folders of their own; give one of them.")
    flag, usual = "--text" if text else "--parallel", PICTURES
    if text or parallel:
        usual = CONVERSATIONS if text else {"train": MEANINGS}
    for name, number in given.items():
        if number is not None and name not in usual:
            what = "pictures and --text" if name in CONVERSATIONS else "pictures"
            raise UserError(f"--{name.replace('_', '-')} is for {what}; leave it out, or leave out {flag}.")
    chosen = {"--kinds": kinds, "--colours": colours, "--shapes": shapes, "--sizes": sizes}
    if (text or parallel) and any(chosen.values()):
        name = next(name for name, words in chosen.items() if words)
        raise UserError(f"{name} is for pictures; leave it out, or leave out {flag}.")
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("kind of scene", kind, KINDS)
    numbers = {name: count if (number := given[name]) is None else number for name, count in usual.items()}
    with progress_bar(True) as bar:
        task = bar.add_task("conversations" if text else "languages" if parallel else "pictures", total=None, state="")

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if text:
            dataset = build_shapes_text(
                directory, conversations=numbers, languages=languages or LANGUAGES, seed=seed, progress=progress
            )
        elif parallel:
            dataset = build_shapes_parallel(
                directory, meanings=numbers["train"], languages=languages or LANGUAGES, seed=seed, progress=progress
            )
        else:
            dataset = build_shapes(
                directory,
                pictures=numbers,
                size=size,
                languages=languages or LANGUAGES,
                seed=seed,
                replies=replies,
                kinds={kind: share for kind, share in KINDS.items() if kind in (kinds or KINDS)},
                colours=colours or COLOURS,
                shapes=shapes or SHAPES,
                sizes=sizes or SIZES,
                progress=progress,
            )
    _print_counts(dataset.root, dataset.information)


def _print_counts(root: Path, information: Any) -> None:
    splits = ", ".join(f"{name} {count}" for name, count in information["splits"].items()) or "no pictures"
    print(f"{root}: {splits}")
    table = Table("language", "captions", "conversations", "turns")
    spoken = information.get("conversations", {})
    for tag in sorted({*information["languages"], *spoken}):
        captions = information["languages"].get(tag, {"captions": 0})["captions"]
        talks = spoken.get(tag, {"conversations": 0, "turns": 0})
        table.add_row(tag, str(captions), str(talks["conversations"]), str(talks["turns"]))
    Console(markup=False, emoji=False, highlight=False).print(table)
