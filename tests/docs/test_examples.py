"""The examples of the docstrings give what they say."""

import ast
import doctest
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"


def examples() -> Iterator[tuple[str, str, str]]:
    """Every docstring with an example: its module, the name of what it describes, and its text."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                said = ast.get_docstring(node) or ""
                if ">>>" in said:
                    yield module, getattr(node, "name", ""), said


@pytest.mark.parametrize(
    ("module", "name", "said"), [pytest.param(*found, id=".".join(found[:2])) for found in examples()]
)
def test_the_examples_of_docstrings(module: str, name: str, said: str) -> None:
    example = doctest.DocTestParser().get_doctest(said, dict(vars(import_module(module))), name, module, None)
    told: list[str] = []
    assert example.examples
    doctest.DocTestRunner().run(example, out=told.append)
    assert not told, "".join(told)
