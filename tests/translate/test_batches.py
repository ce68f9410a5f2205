"""Batches hold every text once, none more than it may, and waste little."""

from hypothesis import given
from hypothesis import strategies as st

from isogloss.translate.batches import LONGEST, batches, limit


@given(st.lists(st.integers(0, 60), max_size=80), st.integers(1, 120))
def test_every_text_once_and_no_batch_too_large(lengths: list[int], tokens: int) -> None:
    made = batches(lengths, tokens)
    assert sorted(place for group in made for place in group) == list(range(len(lengths)))
    for group in made:
        padded = len(group) * max(1, *(lengths[place] for place in group), 0)
        assert padded <= tokens or len(group) == 1
    order = [lengths[place] for group in made for place in group]
    assert order == sorted(lengths, reverse=True)
    # None is begun while the one before has room.
    assert all((len(group) + 1) * max(1, lengths[group[0]]) > tokens for group in made[:-1])


@given(st.integers(0, 10_000), st.integers(1, 10))
def test_longer_sources_may_grow_longer(pieces: int, growth: int) -> None:
    assert 0 < limit(pieces, growth) <= limit(pieces + 1, growth) <= LONGEST
