"""Groups of like length hold every caption once, cut where the padding of the whole group begins."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from isogloss.models.lengths import by_length


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.integers(1, 8))
def test_each_caption_once_and_the_shortest_first(lengths: list[int], groups: int) -> None:
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    found = list(by_length(mask, groups))
    assert sorted(row for rows, _ in found for row in rows.tolist()) == list(range(len(lengths)))
    assert len(found) <= groups
    assert [lengths[row] for rows, _ in found for row in rows.tolist()] == sorted(lengths)
    for rows, longest in found:
        assert longest == max(lengths[row] for row in rows.tolist())
