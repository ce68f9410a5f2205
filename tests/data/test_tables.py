"""Tables in another order."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isogloss.data import tables
from isogloss.data.tables import reordered


@given(st.permutations(range(7)), st.lists(st.integers(1, 6), max_size=3), st.sampled_from([1, 2, 3, 100]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_are_put_in_order_in_pieces(
    monkeypatch: pytest.MonkeyPatch, order: list[int], cuts: list[int], piece: int
) -> None:
    monkeypatch.setattr(tables, "_PIECE", piece)
    rows = [{"text": f"text {number}" * number, "score": number or None} for number in range(7)]
    schema = pa.schema({"text": pa.string(), "score": pa.float32()})
    edges = sorted({0, 7, *cuts})
    table = pa.concat_tables(pa.Table.from_pylist(rows[first:last], schema=schema) for first, last in pairwise(edges))
    found = reordered(table, np.array(order))
    assert found.schema == schema
    assert found.to_pylist() == [rows[number] for number in order]


def test_nothing_has_no_order() -> None:
    empty = pa.schema({"text": pa.string()}).empty_table()
    assert reordered(empty, np.zeros(0, np.int64)) == empty
