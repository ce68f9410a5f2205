"""An import that is stopped, killed, repeated, or meets a full disk."""

import http.server
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from data.small_dataset import everything
from data.sources.pictures import noise, saved
from faults.limits import largest_file

from isogloss.data.dataset import Dataset
from isogloss.data.images import read_bytes
from isogloss.data.sources.how import Import
from isogloss.data.sources.importing import import_source
from isogloss.data.sources.source import Found, Skipped
from isogloss.data.validate import validate
from isogloss.errors import UserError

PICTURES = 6


@dataclass(frozen=True)
class MadeUnit:
    """Pictures that lie in no file, made where they are read; each is noted in `log`, so that repeated work shows."""

    number: int
    log: Path
    pause: float

    def read(self) -> Iterator[Found | Skipped]:
        with self.log.open("a") as log:
            log.write(f"{self.number}\n")
        for picture in range(PICTURES):
            time.sleep(self.pause)
            key, content = f"{self.number}-{picture}", saved(noise(seed=100 * self.number + picture), "PNG")
            yield Found(key, "", (("en", f"picture {key}"), ("es", f"figura {key}")), content=content)
        yield Found(f"{self.number}-none", "/nowhere.png", (("en", "nothing"),))


@dataclass(frozen=True)
class Made:
    units_: int
    log: Path
    pause: float = 0.0
    name: str = "made"

    def identity(self) -> Mapping[str, Any]:
        return {"kind": "made", "units": (self.units_,), "name": self.name}

    def provenance(self) -> Mapping[str, str]:
        return {"name": self.name, "version": "", "url": "", "licence": "CC0-1.0"}

    def units(self) -> Iterator[MadeUnit]:
        return (MadeUnit(number, self.log, self.pause) for number in range(self.units_))


def tables(root: Path) -> dict[str, Any]:
    return {path.name: pq.read_table(path).to_pylist() for path in root.rglob("*.parquet")}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    import_source(Made(8, tmp_path / "whole.log"), tmp_path / "whole", Import(jobs=1))
    return tmp_path / "whole"


def test_pictures_without_a_file_are_kept_in_tars(whole: Path) -> None:
    dataset = Dataset.open(whole)
    validate(dataset)
    assert len(dataset.images()) == 8 * PICTURES
    row = dataset.images().to_pylist()[PICTURES + 2]
    assert row["file"] == "images/pictures-000001.tar"
    assert read_bytes(dataset.locate(row["file"]), row["offset"], row["length"]) == saved(noise(seed=102), "PNG")
    assert dataset.information["notes"]["left out"] == {"missing picture": 8}


@pytest.mark.parametrize("jobs", [2, 3])
def test_any_number_of_processes_make_the_same_dataset(whole: Path, tmp_path: Path, jobs: int) -> None:
    import_source(Made(8, tmp_path / "log"), tmp_path / "out", Import(jobs=jobs, name="whole"))
    assert tables(tmp_path / "out") == tables(whole)
    assert not list(tmp_path.glob(".*"))
    for path in whole.rglob("*.parquet"):  # and not one for each unit
        assert pq.read_metadata(path).num_row_groups == 1, path


def start(root: Path, log: Path, jobs: int) -> "subprocess.Popen[str]":
    script = (
        "import sys; from pathlib import Path; from data.sources.test_importing import Made, Import, import_source\n"
        "if __name__ == '__main__':\n"
        f"    import_source(Made(8, Path({str(log)!r}), 0.02), {str(root)!r}, Import(jobs={jobs}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", script], env=environment, text=True, start_new_session=True)


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_at_any_moment_it_goes_on_without_losing_or_doubling_anything(
    whole: Path, tmp_path: Path, jobs: int
) -> None:
    root, log, chance = tmp_path / "out", tmp_path / "log", random.Random(jobs)
    kills = 0
    for wanted in (1, 3, 5):
        process = start(root, log, jobs)
        while process.poll() is None and len(list((tmp_path / ".out.import").glob("found-*.parquet"))) < wanted:
            time.sleep(0.01)
        time.sleep(chance.random() / 10)
        kills += process.poll() is None
        os.kill(process.pid, signal.SIGKILL)  # the parent alone: its workers have to notice
        process.wait()
    assert kills >= 2
    assert not root.exists()
    process = start(root, log, jobs)
    assert process.wait() == 0
    made, wanted_tables = tables(root), tables(whole)
    assert made == wanted_tables
    validate(Dataset.open(root))
    assert not list(tmp_path.glob(".out*")), "nothing is left beside it"
    begun = log.read_text().split()
    assert len(begun) < 8 + 3 * 2 * (jobs + 1), "units that were finished were not read again"


def test_what_is_finished_is_not_read_again(whole: Path, tmp_path: Path) -> None:
    before, log = everything(whole), tmp_path / "whole.log"
    begun = log.read_text()
    kept = whole.with_name(".whole.import")  # as a kill leaves it when the dataset is there already
    kept.mkdir()
    import_source(Made(8, log), whole, Import(jobs=1))
    assert log.read_text() == begun and not kept.exists()
    assert everything(whole) == before
    for other in (Made(9, log), Made(8, log, name="another")):
        with pytest.raises(UserError, match="exists already and is left as it is"):
            import_source(other, whole, Import(jobs=1))
    assert everything(whole) == before


def test_a_source_that_changed_meanwhile_is_read_anew(whole: Path, tmp_path: Path) -> None:
    root = tmp_path / "out"

    class StoppedError(Exception):
        pass

    def stop(found: int, skipped: int) -> None:
        if found > 3 * PICTURES:
            raise StoppedError

    with pytest.raises(StoppedError):
        import_source(Made(7, tmp_path / "log"), root, Import(jobs=1), stop)
    assert len((tmp_path / "log").read_text().split()) == 4
    import_source(Made(8, tmp_path / "log"), root, Import(jobs=1, name="whole"))
    assert len((tmp_path / "log").read_text().split()) == 4 + 8
    assert tables(root) == tables(whole)


def test_two_imports_of_one_folder_at_once(tmp_path: Path) -> None:
    process = start(tmp_path / "out", tmp_path / "log", 1)
    while not (tmp_path / ".out.import" / "identity.json").exists():
        time.sleep(0.01)
    with pytest.raises(UserError, match="out is being imported by another process; wait for it to end"):
        import_source(Made(8, tmp_path / "log"), tmp_path / "out", Import(jobs=1))
    assert process.wait() == 0
    validate(Dataset.open(tmp_path / "out"))


def test_a_full_disk(tmp_path: Path, whole: Path) -> None:
    root = tmp_path / "out"
    with pytest.raises(UserError, match="The disk is full, so .* was not written"), largest_file(20_000):
        import_source(Made(8, tmp_path / "log"), root, Import(jobs=1))
    assert not root.exists()
    import_source(Made(8, tmp_path / "log"), root, Import(jobs=1, name="whole"))
    assert tables(root) == tables(whole)


class Server(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.png").write_bytes(saved(noise(seed=number), "PNG"))
    (folder / "5.png").write_bytes(b"<html>moved</html>")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *arguments: Server(*arguments, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_pictures_by_url_stay_where_they_are(served: str, tmp_path: Path) -> None:
    from isogloss.data.sources.rows import TableFile
    from isogloss.data.sources.table import Table

    lines = [f"{served}/{number}.png,picture {number}" for number in (0, 1, 2, 3, 4, 5, 404)]
    (tmp_path / "t.csv").write_text("\n".join(["url,caption", *lines, "http://127.0.0.1:1/a.png,nobody there"]))
    dataset = import_source(Table.open(TableFile(str(tmp_path / "t.csv"))), tmp_path / "out", Import(jobs=1))
    validate(dataset)
    assert dataset.images()["file"].to_pylist() == [f"{served}/{number}.png" for number in range(5)]
    assert dataset.information["notes"]["left out"] == {
        "not a picture": 1,
        "missing picture": 1,
        "unreadable picture": 1,
    }
    shutil.rmtree(tmp_path / "served")
    with pytest.raises(UserError):
        validate(dataset)
