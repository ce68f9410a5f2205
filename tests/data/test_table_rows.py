"""Single rows of a table in pieces are those of the table as a whole."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from isogloss.data.table_rows import TableRows


@given(pieces=st.lists(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 9)), max_size=4), max_size=5))
def test_rows_by_their_place(pieces: list[list[tuple[str, int]]]) -> None:
    schema = pa.schema([("key", pa.string()), ("other", pa.int32()), ("left out", pa.int8())])
    batches = [
        pa.record_batch([[key for key, _ in piece], [number for _, number in piece], [0] * len(piece)], schema=schema)
        for piece in pieces
    ]
    rows = TableRows(pa.Table.from_batches(batches, schema), ["key", "other"])
    whole = [{"key": key, "other": number} for piece in pieces for key, number in piece]
    assert [rows[place] for place in range(len(whole))] == whole
