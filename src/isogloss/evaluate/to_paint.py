"""What a paint model is asked for in an evaluation: a prompt of each picture in each language, and the noise it starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from isogloss.data.dataset import Dataset
from isogloss.errors import UserError
from isogloss.evaluate.asking import chosen_keys


@dataclass(frozen=True)
class ToPaint:
    """Prompts of one language.

    Attributes:
        language: a tag.
        keys: of the real pictures that the prompts describe.
        prompts: of each, its first caption.
        seeds: of the noise that each is painted from, which is the same in all languages.
    """

    language: str
    keys: tuple[str, ...]
    prompts: tuple[str, ...]
    seeds: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.keys)

    def said(self, prompts: Sequence[str]) -> "ToPaint":
        """The same in other words.

        Raises:
            ValueError: there are not as many.
        """
        if len(prompts) != len(self):
            raise ValueError(f"{len(prompts)} prompts in place of {len(self)}")
        return replace(self, prompts=tuple(prompts))


def to_paint(
    dataset: Dataset,
    split: str,
    languages: Sequence[str],
    *,
    sources: Sequence[str] = (),
    pictures: int | None = None,
    seed: int = 0,
) -> tuple[list[ToPaint], list[str]]:
    """The prompts in each language, and the languages that have none.

    Args:
        dataset: whose captions are prompts.
        split: whose pictures they describe.
        languages: in which they are; none for all that the dataset has.
        sources: captions of these only; none for all.
        pictures: only so many of the split, by their keys' hashes; None for all.
        seed: of the first picture's noise.

    Raises:
        UserError: the dataset lacks the split, a language that is named or its captions, or all of them.
    """
    asked = tuple(dict.fromkeys(languages)) or dataset.languages
    found = dataset.split(split, asked, tuple(sources) or None, complete=bool(languages))
    chosen = chosen_keys(found.keys, pictures)
    rows = [(row, key) for row, key in enumerate(found.keys) if key in chosen]
    parts: list[ToPaint] = []
    for tag in asked:
        captions = found.captions[tag]
        said = [(key, texts[0], seed + place) for place, (row, key) in enumerate(rows) if (texts := captions.of(row))]
        if said:
            keys, prompts, seeds = zip(*said, strict=True)
            parts.append(ToPaint(tag, keys, prompts, seeds))
    left_out = [tag for tag in asked if tag not in {part.language for part in parts}]
    if not parts or (languages and left_out):
        raise UserError(
            f"{dataset.root} has no captions in {', '.join(left_out) or 'any language'} for the {len(rows):,} pictures of the "
            f"split '{split}' that are asked for; choose another language or split, or more pictures."
        )
    return parts, left_out


def in_english(dataset: Dataset, split: str, keys: Sequence[str], sources: Sequence[str] = ()) -> Mapping[str, str]:
    """The first English caption of each of some pictures that have one."""
    if "en" not in dataset.languages:
        return {}
    found = dataset.split(split, ("en",), tuple(sources) or None, complete=False)
    wanted, captions = set(keys), found.captions["en"]
    return {key: texts[0] for row, key in enumerate(found.keys) if key in wanted and (texts := captions.of(row))}
