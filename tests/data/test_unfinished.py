"""What is kept beside a folder that is not whole."""

from pathlib import Path

import pytest

from isogloss.data.unfinished import forget, unfinished
from isogloss.errors import UserError


def _anything(folder: Path) -> bool:
    return (folder / "whole").exists()


def test_the_same_work_goes_on_and_any_other_begins_anew(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(RuntimeError), unfinished(target, "import", {"of": 1}, "refused", _anything) as folder:
        (folder / "parts").mkdir()
        for name in ("whole", "parts/whole", ".half.1234.partial", "parts/.half.1234.partial"):
            (folder / name).write_text("")
        raise RuntimeError("stopped")
    with unfinished(target, "import", {"of": 1}, "refused", _anything) as folder:
        kept = {str(path.relative_to(folder)) for path in folder.rglob("*")}
        assert kept == {"lock", "identity.json", "parts", "parts/whole", "whole"}
    with unfinished(target, "import", {"of": 2}, "refused", _anything) as folder:
        assert {path.name for path in folder.iterdir()} == {"lock", "identity.json"}
    forget(target, "export")
    assert folder.exists()
    forget(target, "import")
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / ".out.import").write_text("mine")
    with (
        pytest.raises(UserError, match="cannot be written"),
        unfinished(tmp_path / "out", "import", {}, "refused", _anything),
    ):
        pass
    assert (tmp_path / ".out.import").read_text() == "mine"


def test_what_holds_nothing_is_forgotten_when_it_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "out"
    for name, kept in (("rejected", False), ("whole", True)):
        with pytest.raises(UserError), unfinished(target, "import", {}, "refused", _anything) as folder:
            (folder / name).write_text("")
            raise UserError("No picture could be read.")
        assert folder.exists() == kept
