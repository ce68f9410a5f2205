"""The same job on a Ray cluster: workers, nodes and the job itself are killed, and the tables are those of a local run."""

import os
import signal
import subprocess
import sys
import threading
import time
import types
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import ray
from cli.program import Program
from data.small_dataset import everything, make
from ray.cluster_utils import Cluster
from translate.fake_apertium import fake_apertium
from translate.made_up_engine import ENGLISH, SPANISH
from translate.slow_engine import BUSY, DEADLY, OUT_OF_ORDER, Slow

from isogloss.data.dataset import Dataset
from isogloss.data.validate import validate
from isogloss.errors import UserError
from isogloss.translate.engines import EngineChoice
from isogloss.translate.job import Job, translate
from isogloss.translate.ray_cluster import connect
from isogloss.translate.ray_runner import RayRunner, on_ray
from isogloss.translate.runner import RUNNERS

# A worker for each core: there are two, each on a node of its own.
RUN = RayRunner("cpu", 1)
# The least that Ray takes is 75 MiB.
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster() -> Generator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        # Workers import the engine that is made for these tests.
        patch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
        found = Cluster(initialize_head=True, head_node_args=NODE)
        try:
            found.add_node(num_cpus=1, object_store_memory=NODE["object_store_memory"])
            patch.setenv("RAY_ADDRESS", found.address)
            yield found
        finally:
            ray.shutdown()
            found.shutdown()


def dataset(root: Path, *further: str, count: int = 100) -> Path:
    texts = [*(f"caption {number} {'word ' * (number % 7)}".strip() for number in range(count)), *further]
    captions = {"en": [(key, text) for text in texts for key in ("a", "b")], "es": [("a", "leyenda")]}
    return make(root, {"a": "train", "b": "test"}, captions).root


def run(root: Path, engine: Slow, on: Any = RUN) -> None:
    job = Job(Dataset.open(root), ENGLISH, SPANISH, engine.name)
    opened = partial(Slow, engine.log, engine.seconds)
    translate(job, engine, run=on, open_engine=opened)


def same_tables(root: Path, other: Path) -> None:
    for place in ("captions/es.parquet", "rejected/es.parquet", "dataset.json"):
        assert (root / place).read_bytes() == (other / place).read_bytes(), place


def wait_for(sign: Callable[[], Any]) -> None:
    end = time.monotonic() + 90
    while not sign():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.01)


def test_a_job_on_two_nodes_of_which_a_worker_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    """Each chunk is a tenth of a second; the engine is busy once in every worker that gets one of the captions."""
    elsewhere, here = (dataset(tmp_path / name, BUSY) for name in ("elsewhere", "here"))
    engine = Slow(tmp_path / "log", 0.1)
    before = signal.getsignal(signal.SIGTERM)

    def kill() -> None:
        wait_for(lambda: len({process for process, _ in engine.asked()}) == 2 and len(engine.asked()) >= 25)
        os.kill(engine.asked()[-1][0], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    run(elsewhere, engine)
    killer.join()
    assert signal.getsignal(signal.SIGTERM) is before
    run(here, Slow(tmp_path / "other log"), RUNNERS["local"](EngineChoice("apertium")))
    same_tables(elsewhere, here)
    validate(Dataset.open(elsewhere))
    asked = engine.asked()
    assert len({process for process, _ in asked}) >= 2
    assert set(Counter(text for _, text in asked)) == set(Dataset.open(here).captions("en")["text"].to_pylist())
    # The chunk that the killed worker had, and perhaps one that it had finished and not given back.
    assert len(asked) - 101 <= 2 * engine.texts_per_call


def test_what_a_user_can_mend_comes_back_as_its_sentence_and_the_rest_is_kept(cluster: Cluster, tmp_path: Path) -> None:
    root = dataset(tmp_path / "dataset", OUT_OF_ORDER)
    before = everything(root / "captions")
    engine = Slow(tmp_path / "log")
    with pytest.raises(UserError, match=r"^slow is out of order; mend it\.$"):
        run(root, engine)
    assert everything(root / "captions") == before
    job = Job(Dataset.open(root), ENGLISH, SPANISH, engine.name)
    assert len(job.pending().texts) < 101


def test_captions_that_kill_every_worker_are_told(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("isogloss.translate.ray_runner._ATTEMPTS", 2)
    root = dataset(tmp_path / "dataset", DEADLY, count=4)
    engine = Slow(tmp_path / "log")
    with pytest.raises(UserError, match="died 2 times at the same captions, most often for lack of memory"):
        run(root, engine)
    assert [text for _, text in engine.asked()].count(DEADLY) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    assert [line for line in errors.splitlines() if not line.startswith("en → es: ")] == []


def test_a_node_without_what_the_engine_needs_is_told(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_here = types.ModuleType("only_here")
    exec("class Engine: pass", only_here.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", only_here)
    engine: Any = only_here.Engine
    with pytest.raises(UserError, match="A node of the Ray cluster has no Python module 'only_here'; install isogloss"):
        list(RUN([["a dog"]], engine, ENGLISH, SPANISH))


def test_two_languages_by_apertium_as_on_this_machine(
    isogloss: Program, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, here = (dataset(tmp_path / name) for name in ("elsewhere", "here"))
    words = ["--to", "es,ca", "--engine", "apertium", "--no-checks"]
    far = isogloss("translate", elsewhere, *words, "--on", "ray")
    near = isogloss("translate", here, *words)
    assert (far.code, far.output) == (0, near.output), far.errors
    assert [line.split(":")[0] for line in far.errors.splitlines()] == ["en → es", "en → ca"]
    same_tables(elsewhere, here)
    assert (elsewhere / "captions/ca.parquet").read_bytes() == (here / "captions/ca.parquet").read_bytes()


def marked(mark: str) -> list[int]:
    """The processes that have this in their environment."""
    found: list[int] = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes():
                found.append(int(place.name))
        except OSError:  # it has ended, or is another user's
            continue
    return found


def end(processes: list[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def told(process: subprocess.Popen[str]) -> tuple[str, list[str]]:
    """What a process printed, without how far it is, which it tells where the machine is slow."""
    output, errors = process.communicate()
    return output, [line for line in errors.splitlines() if not line.startswith("en → es: ")]


@contextmanager
def nothing_left(mark: str) -> Generator[None]:
    """No process with this mark outlives the block, also where the test fails in it."""
    try:
        yield
    finally:
        end(marked(mark))


def test_a_job_that_is_killed_and_then_stopped_goes_on_and_leaves_no_process(
    isogloss: Program, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On clusters of its own, with eight chunks of half a second each by the program that is called apertium here."""
    root = dataset(tmp_path / "dataset", count=16_000)
    before = everything(root / "captions")
    monkeypatch.setenv("PATH", str(fake_apertium(tmp_path / "bin", "time.sleep(0.5)")), prepend=os.pathsep)
    words = ["translate", str(root), "--to", "es", "--engine", "apertium", "--no-checks", "--on", "ray"]
    done = 0
    for number in (signal.SIGKILL, signal.SIGINT):
        mark = f"TEST_OF_ISOGLOSS={tmp_path}:{number}"
        with nothing_left(mark):
            process = subprocess.Popen(
                [sys.executable, "-m", "isogloss.cli", *words],
                env={**os.environ, "RAY_ADDRESS": "local", **dict([mark.split("=")])},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            wait_for(lambda process=process, done=done: parts(root) > done or process.poll() is not None)
            assert len(marked(mark)) > 3  # Ray's own are seen
            if number == signal.SIGKILL:
                os.kill(process.pid, number)
                # Two agents of Ray's, which do nothing, take up to a minute to see it.
                wait_for(lambda mark=mark: len(marked(mark)) <= 2)
                end(marked(mark))
                assert told(process) == ("", [])
            else:
                os.killpg(process.pid, number)  # as a terminal does
                stopped = "isogloss: stopped; what is finished is saved, and the same command goes on from there."
                assert told(process) == ("", [stopped])
                assert process.returncode == 130
                wait_for(lambda mark=mark: not marked(mark))
            assert everything(root / "captions") == before
        done = parts(root)
    ended = isogloss(*words)
    assert ended.code == 0, ended.errors
    assert int(ended.errors.split(" of ")[1].split()[0].replace(",", "")) <= 12_000, "finished work is not repeated"
    validate(Dataset.open(root))
    found = Dataset.open(root).captions("es")
    assert Counter(found["source"].to_pylist()) == {"apertium": 32_000, "test": 1}


def parts(root: Path) -> int:
    return len(list(root.rglob("part-*.parquet")))


def test_a_job_of_which_a_whole_node_is_lost(cluster: Cluster, tmp_path: Path) -> None:
    elsewhere, here = (dataset(tmp_path / name) for name in ("elsewhere", "here"))
    engine = Slow(tmp_path / "log", 0.2)

    def lose() -> None:
        wait_for(lambda: len({process for process, _ in engine.asked()}) == 2 and len(engine.asked()) >= 25)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)

    loser = threading.Thread(target=lose, daemon=True)
    loser.start()
    run(elsewhere, engine)
    loser.join()
    run(here, Slow(tmp_path / "other log"), RUNNERS["local"](EngineChoice("apertium")))
    same_tables(elsewhere, here)


def test_without_ray_it_is_said_how_to_get_it(
    isogloss: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("isogloss.translate.ray_runner", "isogloss.translate.ray_cluster"):
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ray", None)
    done = isogloss("translate", dataset(tmp_path / "d"), "--to", "es", "--engine", "apertium", "--on", "ray")
    assert (done.code, done.output) == (2, "")
    assert done.errors == 'isogloss: --on ray needs Ray Data; install it with `pip install "isogloss[ray]"`.\n'


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere.invalid:6379", "127.0.0.1:99999999"])
def test_a_cluster_that_cannot_be_reached_is_told_at_once(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(UserError, match=f"There is no Ray cluster to be reached at {address}, which RAY_ADDRESS names"):
        connect()


SMALL, LARGE, TWO_GPUS = {"CPU": 2.0}, {"CPU": 16.0}, {"CPU": 8.0, "GPU": 2.0}


@pytest.mark.parametrize(
    ("engine", "device", "threads", "nodes", "places"),
    [
        # A neural engine has the largest nodes to itself unless it is told to take less,
        ("ctranslate2", "auto", 0, [SMALL, LARGE, LARGE], (2, {"num_cpus": 16})),
        ("ctranslate2", "auto", 4, [SMALL, LARGE, LARGE], (8, {"num_cpus": 4})),
        # or a GPU where there are any;
        ("transformers", "auto", 0, [SMALL, TWO_GPUS, TWO_GPUS], (4, {"num_gpus": 1})),
        ("transformers", "cuda", 4, [TWO_GPUS], (2, {"num_gpus": 1})),
        ("transformers", "cpu", 8, [TWO_GPUS], (1, {"num_cpus": 8})),
        # others compute on one core, or elsewhere.
        ("apertium", "auto", 0, [SMALL, TWO_GPUS], (10, {"num_cpus": 1})),
        ("google", "auto", 2, [SMALL, LARGE], (9, {"num_cpus": 2})),
    ],
)
def test_places_of_the_workers(
    engine: str, device: str, threads: int, nodes: list[Any], places: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}
    monkeypatch.setattr(ray, "nodes", lambda: [dead, *({"Alive": True, "Resources": node} for node in nodes)])
    runner: Any = on_ray(EngineChoice(engine, device=device, threads=threads))
    assert runner._places() == places


def test_places_that_a_cluster_has_not_got(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = EngineChoice("ctranslate2", device="cuda", threads=4)
    with pytest.raises(UserError, match="On Ray every worker takes a free GPU; choose --device cuda or auto"):
        on_ray(replace(choice, device="cuda:1"))
    monkeypatch.setattr(ray, "nodes", lambda: [{"Alive": True, "Resources": SMALL}])
    with pytest.raises(UserError, match="No node of the Ray cluster has a GPU; add one, or choose --device cpu"):
        on_ray(choice)._places()  # pyright: ignore
    with pytest.raises(UserError, match="has 4 cores, which a worker needs; its largest has 2, so give fewer"):
        on_ray(replace(choice, device="auto"))._places()  # pyright: ignore
