"""What is measured of drawn pictures becomes a table that is there whole or not at all."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from isogloss.data.worlds.shapes.drawing import draw
from isogloss.data.worlds.shapes.scene import Group, Scene
from isogloss.errors import UserError
from isogloss.evaluate.drawn import DRAWN
from isogloss.evaluate.paint_measures import measured_table, read_measures, shapes_measures, write_measures

PAIR, ALONE = Scene((Group("red", "circle"), Group("blue", "square")), "left_of"), Scene((Group("pink", "heart"),))
KEYS = [f"{PAIR.key}.0", f"{ALONE.key}.3"]


def rows() -> pa.Table:
    columns = [KEYS, ["en", "en"], ["a red circle …", "a pink heart"], [0, 1], ["d/en/0.png", "d/en/1.png"]]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, DRAWN, strict=True)], DRAWN)


def measured() -> pa.Table:
    drawn = np.stack([np.asarray(draw(scene, 48, np.random.default_rng(0))) for scene in (PAIR, PAIR)])
    return measured_table(rows(), shapes_measures(KEYS, drawn))


def test_scenes_are_those_of_the_keys() -> None:
    table = measured()
    assert table.column_names[:3] == ["key", "language", "seed"]
    found = table.to_pydict()
    assert found["all_right"] == [1, 0] and found["attributes"] == [1, 0]
    assert found["relation"] == [1, None], "a scene of one group has none"
    # Each held against the other's prompt: a circle and a square for a heart, and for a pair itself.
    assert found["attributes_of_others"] == [0, 1]


def test_a_single_picture_is_held_against_no_other() -> None:
    picture = np.asarray(draw(PAIR, 48, np.random.default_rng(0)))[None]
    assert "attributes_of_others" not in shapes_measures(KEYS[:1], picture)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "evaluation" / "measures-test.parquet"
    write_measures(path, measured())
    assert read_measures(path).equals(measured())


def test_what_is_no_such_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "measures-test.parquet"
    good = measured()
    with pytest.raises(UserError, match="no single column 'seed'"):
        write_measures(path, good.drop_columns("seed"))
    with pytest.raises(UserError, match="'shapes' of .* holds string"):
        write_measures(path, good.set_column(5, "shapes", pa.array(["a", "b"])))
    pq.write_table(good.set_column(0, "key", pa.array(["a", None])), path)
    with pytest.raises(UserError, match="1 row without 'key'"):
        read_measures(path)
    write_measures(path, good)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UserError, match="measures-test.parquet"):
        read_measures(path)
