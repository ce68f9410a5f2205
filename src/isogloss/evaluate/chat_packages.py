"""Whether the packages are there that measure replies, which is asked before anything is trained or written."""

from importlib.util import find_spec

from isogloss.errors import UserError

# By the names that they are imported by.
_PACKAGES = {"icu4py": "icu4py", "lingua": "lingua-language-detector", "sacrebleu": "sacrebleu"}


def check_packages() -> None:
    """Nothing, where replies can be measured.

    Raises:
        UserError: a package is not installed.
    """
    absent = [package for module, package in _PACKAGES.items() if find_spec(module) is None]
    if absent:
        raise UserError(
            f'Replies are measured with {" and ".join(absent)}; install what is missing with `pip install "isogloss[chat]"`.'
        )
