"""The command `isogloss evaluate`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table

from isogloss.errors import UserError
from isogloss.saved import check_model, read_object

# Among fewer, guessing alone finds more than one in ten among the first ten.
_FEW_PICTURES = 100
# Whose a run of each family is.
_WHOSE = {"clip": "a dual encoder's", "chat": "a chat model's", "paint": "a paint model's"}


def evaluate(
    run: tyro.conf.Positional[Path],
    dataset: str | None = None,
    split: str = "test",
    languages: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
    pictures: int | None = None,
    together: int | None = None,
    dtype: str | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    seed: int | None = None,
    scorer: str | None = None,
    features: str | None = None,
    translator: str | None = None,
) -> None:
    """Measure a run by language, with intervals: a dual encoder's retrieval, a chat model's replies, a paint model's pictures.

    Args:
        run: the run folder.
        dataset: a dataset folder, other than the run's own.
        split: whose pictures are searched, or described and talked about, or whose captions are painted.
        languages: none for all that the dataset has.
        sources: of the captions, such as cldr:name; none for the run's own.
        pictures: of a chat or paint model, only so many, which are always the same.
        together: of a chat or paint model, how many replies are written or pictures painted at a time; fewer take less memory.
        dtype: of a chat model, that it computes in: float32, bfloat16, or auto for bfloat16 on a GPU that computes in it.
        steps: of a paint model, from noise to a picture; 30 without it.
        guidance: of a paint model, how much more the prompt counts than none; 4 without it.
        seed: of a paint model, that of the first picture's noise; 0 without it.
        scorer: of a paint model, a run or a folder with a dual encoder, for CLIPScore in every language.
        features: of a paint model, what compares its pictures with real ones as sets: the file of an Inception network, a dual
            encoder's folder or a vision tower, whose name is stated.
        translator: of a paint model, a run of a language model or of a text encoder with slots, which puts prompts into English, to compare with.
    """
    check_model(run / "model")  # before the libraries that would read it are imported, which takes seconds
    family = read_object(run / "recipe.json").get("family", "clip")
    if family not in _WHOSE:
        raise UserError(
            f"{run} is a run of the family '{family}', which has nothing to evaluate; name one of a dual encoder, a chat "
            "model or a paint model."
        )
    written = {"pictures": pictures, "together": together}
    painted = {"steps": steps, "guidance": guidance, "seed": seed}
    told = {"scorer": scorer, "features": features, "translator": translator}
    _refuse(run, family, ("chat", "paint"), written)
    _refuse(run, family, ("chat",), {"dtype": dtype})
    _refuse(run, family, ("paint",), {**painted, **told})
    if family == "clip":
        _evaluate_retrieval(run, dataset, split, languages, sources)
        return
    # What is not given is left to the functions themselves.
    given = {name: value for name, value in written.items() if value is not None}
    asked: dict[str, Any] = {"dataset": dataset, "split": split, "languages": languages, "sources": sources, **given}
    if family == "chat":
        asked.update({} if dtype is None else {"dtype": dtype})
        from isogloss.evaluate.chat_run import evaluate_chat
        from isogloss.evaluate.chat_table import print_chat

        print_chat(run, evaluate_chat(run, **asked))
    else:
        _evaluate_paint(run, asked, painted, told)


def _refuse(run: Path, family: str, meant: tuple[str, ...], options: Mapping[str, Any]) -> None:
    """Refuse options that are for runs of other families."""
    for name, value in options.items():
        if value is not None and family not in meant:
            raise UserError(
                f"--{name} is for {' and '.join(meant)} models, and {run} is {_WHOSE[family]}; leave it out."
            )


def _evaluate_retrieval(
    run: Path, dataset: str | None, split: str, languages: tuple[str, ...], sources: tuple[str, ...]
) -> None:
    from isogloss.evaluate.run import evaluate_run

    result = evaluate_run(run, dataset=dataset, split=split, languages=languages, sources=sources)
    print(f"{run}: caption→image among {result['images']} pictures ({split})")
    columns = ("language", "captions", "accuracy@1", "accuracy@5", "accuracy@10", "rank quartiles")
    table = Table(*columns)
    for tag, figures in result["languages"].items():
        found = figures["caption_to_image"]
        accuracies = ["{:.3f} [{:.3f}, {:.3f}]".format(*found[f"accuracy@{k}"]) for k in (1, 5, 10)]
        quartiles = " / ".join(f"{rank:g}" for rank in found["rank_quartiles"])
        table.add_row(tag, str(figures["captions"]), *accuracies, quartiles)
    Console(markup=False, emoji=False, highlight=False).print(table)
    if result["images"] < _FEW_PICTURES:
        print(_few_pictures(result["images"], split))
    if result["left_out"]:
        print(f"Left out, without a caption in this split: {', '.join(result['left_out'])}")


def _evaluate_paint(
    run: Path, asked: dict[str, Any], painted: Mapping[str, Any], told: Mapping[str, str | None]
) -> None:
    from isogloss.serve.painting import Painting

    given = {name: value for name, value in painted.items() if value is not None}
    numbers = {name: given.pop(name) for name in ("seed",) if name in given}
    painting = Painting(**given)  # a number out of its range is told before the large libraries are imported

    from isogloss.evaluate.paint_run import evaluate_paint
    from isogloss.evaluate.paint_table import print_paint
    from isogloss.evaluate.prompts_in_english import translator_into_english

    name = told["translator"]
    translator = None if name is None else translator_into_english(name)
    others: dict[str, Any] = {"scorer": told["scorer"], "features": told["features"], "translator": translator}
    print_paint(run, evaluate_paint(run, **asked, **numbers, **others, painting=painting))


def _few_pictures(count: int, split: str) -> str:
    """What figures on a small test are worth, by what guessing reaches there, and where more pictures come from."""
    searched = "1 picture is" if count == 1 else f"{count} pictures are"
    larger = f"; import with --{split} 0.2 for more" if split in ("test", "validation") else ""
    return f"Only {searched} searched, so guessing alone reaches an accuracy@10 of {min(1, 10 / count):.2f}{larger}."
