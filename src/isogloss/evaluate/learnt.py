"""What a chat run's model learnt from, as its recipe tells."""

from pathlib import Path

from isogloss.saved import fields_of, read_object


def learnt(run: Path, *, whole: bool = False) -> set[str]:
    """The languages that a run's model learnt from, in the run that it goes on from too, where that is still there.

    whole: only those of which a stage had everything, and not a share.

    Raises:
        UserError: recipe.json is missing or damaged.
    """
    with fields_of(run / "recipe.json"):
        recipe = read_object(run / "recipe.json")
        stages = [recipe[name] for name in ("align", "instruct") if not recipe[name]["skipped"]]
        tags = {
            str(tag)
            for stage in stages
            for tag in stage["languages"]
            if not whole or dict(stage.get("shares", {})).get(tag, 1.0) >= 1
        }
        start = recipe.get("start")
        before = None if start is None else Path(str(start)).parent
    return tags | (learnt(before, whole=whole) if before and (before / "recipe.json").exists() else set())
