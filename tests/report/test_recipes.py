"""What differs between recipes is found at any depth."""

from hypothesis import given, settings
from hypothesis import strategies as st

from isogloss.report.recipes import Difference, differences, written

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)
RECIPES = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def test_nested_fields_missing_fields_and_lists() -> None:
    first = {"steps": 9, "data": {"languages": ["en"], "size": 3}, "model": {"text": None}}
    second = {"steps": 9, "data": {"languages": ["en", "es"], "size": 3}, "model": {"text": None, "width": 4}}
    assert differences([first, second]) == [
        Difference("data.languages", ('["en"]', '["en", "es"]')),
        Difference("model.width", (None, "4")),
    ]


@settings(deadline=None)
@given(RECIPES)
def test_a_recipe_does_not_differ_from_itself(recipe: dict[str, object]) -> None:
    assert differences([recipe, dict(recipe)]) == []


@settings(deadline=None)
@given(RECIPES, RECIPES)
def test_recipes_without_a_difference_are_the_same(first: dict[str, object], second: dict[str, object]) -> None:
    assert (differences([first, second]) == []) == (
        written(first) == written(second) or _sorted(first) == _sorted(second)
    )


def _sorted(value: object) -> object:
    """Naive equality that tells True from 1, whatever the order of fields."""
    if isinstance(value, dict):
        return {key: _sorted(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [written({"list": inner}) for inner in value]
    return type(value).__name__, value
