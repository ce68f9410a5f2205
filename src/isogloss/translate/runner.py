"""Where chunks are translated: in this process, or wherever else a Runner takes them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, runtime_checkable

from isogloss.errors import UserError
from isogloss.languages import Language
from isogloss.translate.engine import Engine, Translation
from isogloss.translate.engines import EngineChoice
from isogloss.translate.patience import Patience
from isogloss.translate.pending import Chunk


@runtime_checkable
class Runner(Protocol):
    """Translates chunks and gives each back once, with its translations, in whatever order they are ready.

    It opens an engine once in every process that uses one, and waits with `Patience` while one is busy.
    """

    def __call__(
        self, chunks: Iterable[Chunk], open_engine: Callable[[], Engine], source: Language, target: Language
    ) -> Iterator[tuple[Chunk, list[Translation]]]: ...


def run_locally(
    chunks: Iterable[Chunk], open_engine: Callable[[], Engine], source: Language, target: Language
) -> Iterator[tuple[Chunk, list[Translation]]]:
    """One chunk after the other, in this process.

    Raises:
        UserError: the engine cannot go on, or was busy for too long.
    """
    engine = open_engine()
    for chunk in chunks:
        yield chunk, Patience().ask(lambda chunk=chunk: engine.translate(chunk, source, target))


def _on_ray(choice: EngineChoice) -> Runner:
    try:
        from isogloss.translate.ray_runner import on_ray
    except ImportError:
        raise UserError('--on ray needs Ray Data; install it with `pip install "isogloss[ray]"`.') from None
    return on_ray(choice)


# Each gives the runner for an engine, by how the engine is chosen.
RUNNERS: Mapping[str, Callable[[EngineChoice], Runner]] = {"local": lambda choice: run_locally, "ray": _on_ray}
