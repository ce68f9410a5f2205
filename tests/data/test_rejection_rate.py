"""How many of a language's translations were rejected."""

from pathlib import Path

from data.small_dataset import CAPTIONS_OF, SPLITS, make

from isogloss.data.inventory import Inventory, LanguageInventory, Rejected, take_inventory
from isogloss.data.tally import Tally


def language(tag: str, sources: dict[str, int], translated: dict[str, int]) -> LanguageInventory:
    return LanguageInventory(tag, sum(sources.values()), {}, Tally(1), sources, translated, None, 0)


def test_rates_are_of_a_language_or_an_engine(tmp_path: Path) -> None:
    languages = (
        language("en", {"human": 9}, {}),
        language("es", {"human": 50, "one": 6, "other": 10}, {"one": 6, "other": 10}),
        language("hi", {"one": 5}, {"one": 5}),
    )
    rejected = (
        Rejected("es", "one", {"copy": 1, "loop": 1}),
        Rejected("es", "other", {"loop": 2}),
        Rejected("ja", "one", {"loop": 3}),
    )
    pictures = take_inventory(make(tmp_path / "d", SPLITS, CAPTIONS_OF)).pictures
    inventory = Inventory(pictures, languages, rejected, (), {}, ())
    assert inventory.rejection_rate("es") == 4 / 20
    assert inventory.rejection_rate("es", "one") == 2 / 8
    assert inventory.rejection_rate("hi") == 0, "not one of its translations was rejected"
    assert inventory.rejection_rate("en") is None, "nobody translated into it"
    assert inventory.rejection_rate("ja", "one") == 1
