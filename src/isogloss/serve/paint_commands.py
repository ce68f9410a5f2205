"""The command `isogloss paint`."""

import shutil
import sys
from functools import partial
from io import TextIOWrapper
from pathlib import Path

import tyro

from isogloss.errors import UserError
from isogloss.serve.paint_prompts import clean_prompt, read_prompts_file
from isogloss.serve.painting import Painting, check_at_least_one, check_best_of, read_size, seeds_from


def paint(
    model: tyro.conf.Positional[str],
    prompt: tyro.conf.Positional[str] = "",
    prompts: Path | None = None,
    out: Path = Path("paintings"),
    steps: int = 30,
    guidance: float = 4.0,
    negative: str = "",
    seed: int = 0,
    count: int = 1,
    size: str | None = None,
    batch: int = 4,
    scheduler: str | None = None,
    best_of: int = 1,
    ranker: str | None = None,
    device: str = "auto",
    text_safety: str | None = None,
    text_limits: str = "",
    picture_safety: str | None = None,
    picture_limits: str = "",
) -> None:
    """Paint pictures of a prompt, in any language that the model's text encoder knows.

    The same command paints the same pictures. What is in the folder already is not painted again, so a run that was stopped
    goes on where it was.

    Args:
        model: a run's folder, a folder with a saved model, or a name on the Hub.
        prompt: what to paint.
        prompts: a file with a prompt on each line, in place of one.
        out: the folder that the pictures are put in.
        steps: from noise to a picture; more are slower and better.
        guidance: how much more the prompt counts than none; 1 for no guidance.
        negative: what guidance leads away from.
        seed: of the first picture of each prompt; the next one has the next seed.
        count: pictures of each prompt.
        size: a side in pixels, or a width and a height, as in 96x64; the model's own by default.
        batch: pictures that are painted at a time.
        scheduler: of Diffusers, by name, such as DPMSolverMultistep; the model's own by default.
        best_of: pictures that are painted of each prompt, of which the ranker chooses as many as --count says.
        ranker: a run or a folder with a dual encoder, which tells which pictures fit the prompt best.
        device: that computes: auto, cpu, cuda or one GPU of several, as cuda:1.
        text_safety: a text classifier that checks prompts: a folder or a name on the Hub.
        text_limits: the scores from which on it refuses, as in toxic=0.5.
        picture_safety: a picture classifier that checks what is painted.
        picture_limits: the scores from which on it refuses, as in nsfw=0.5.
    """
    # What can be told at once is told before the large libraries are imported, which takes seconds.
    sides = None if size is None else read_size(size)
    painting = Painting(steps, guidance, negative.strip() or None, sides)
    check_at_least_one("batch", batch)
    check_best_of(best_of, count, ranker is not None)
    seeds = seeds_from(seed, max(count, best_of))
    if prompt and prompts is not None:
        raise UserError("A prompt is given and a file of prompts too; leave one of them out.")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; name a folder with --out.")
    asked = [clean_prompt(prompt)] if prompts is None else list(dict.fromkeys(read_prompts_file(prompts)))
    if painting.negative is not None:
        painting = Painting(steps, guidance, clean_prompt(painting.negative), sides)

    from isogloss.lock import only_one
    from isogloss.saving import new_file, remove_abandoned
    from isogloss.serve.paint import Painter
    from isogloss.serve.paint_loading import mark_of, paint_folder
    from isogloss.serve.painted import Folder, paint_into, read_painted
    from isogloss.serve.ranking import Ranker
    from isogloss.serve.safety_options import chosen_safety
    from isogloss.serve.unread import notes
    from isogloss.translate.progress import progress

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a letter that a terminal cannot show is no reason to stop
            stream.reconfigure(errors="backslashreplace")
    safety = chosen_safety(text_safety, text_limits, picture_safety, picture_limits, device)
    painter = Painter.open(model, device=device, scheduler=scheduler, safety=safety, batch=batch)
    painter.check(asked, painting)
    for one in asked:
        for note in notes(painter.model.text, one):
            print(note if len(asked) == 1 else f"'{one}': {note}", file=sys.stderr, flush=True)
    judge = None if ranker is None else Ranker.open(ranker, device=device)

    made = out if judge is None else out / "candidates"
    folder = Folder.of(made, painter, painting, model, mark_of(paint_folder(model)))
    withheld: set[tuple[str, int]] = set()

    def refused(said: str, number: int, reason: str) -> None:
        withheld.add((said, number))
        print(f"'{said}', seed {number}: {reason}", file=sys.stderr, flush=True)

    with only_one(
        out / ".lock", f"Another process is painting into {out}; wait for it, or name another folder with --out."
    ):
        for place in (out, made):
            remove_abandoned(place)
        show = partial(progress, things="steps")
        paint_into(folder, painter, asked, seeds, painting, show=show, refused=refused)
        for one in asked:
            files = [folder.file(one, number) for number in seeds if (one, number) not in withheld]
            if judge is None:
                for file in files:
                    print(file)
                continue
            best = judge.best(one, [read_painted(file) for file in files], count) if files else []
            for place, score in best:
                with new_file(out / files[place].name) as copy:
                    shutil.copyfile(files[place], copy)
                print(f"{out / files[place].name}\t{score:.3f}")
    if withheld:
        raise SystemExit(2)
