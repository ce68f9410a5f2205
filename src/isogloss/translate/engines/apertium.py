"""Apertium, a local program that translates by rules and dictionaries (https://apertium.org): real, and without any download.

Captions stand apart by a null character, at which every program of the pipeline forgets what came before (`apertium -z`).
Line ends would not do: a sentence goes on across them.
"""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property

from isogloss.errors import UserError, unknown
from isogloss.languages import Language, language
from isogloss.translate.engine import Translation
from isogloss.translate.engines import EngineChoice

# A pair, each side perhaps with a variant: eng-cat_valencia. Names of three parts are for developers.
_MODE = re.compile(r"([a-z]{2,3})((?:_\w+)?)-([a-z]{2,3})((?:_\w+)?)")
# What means something in Apertium's stream format (https://wiki.apertium.org/wiki/Apertium_stream_format).
_RESERVED = re.compile(r"([\[\]{}^$/\\@<>])")
_ESCAPED = re.compile(r"\\(.)")
_WORD = re.compile(r"\w+")
# A full stop that the pipeline sees, as Apertium's own formats add it: without one the last words are translated otherwise.
_END = ".[]"
# Apertium loses a tilde, whatever is done to it; the tilde operator looks like one and passes.
_TILDE, _PASSING_TILDE = "~", "\u223c"
# Seconds for the start of the pipeline and for a caption: a hundred and fifty times what they take.
_START, _EACH = 30.0, 0.05

# The packages of Debian 13 with a pair of languages, as `apt-cache search apertium` lists them.
_DEBIAN = (
    *(
        "afr-nld",
        "arg-cat",
        "bel-rus",
        "br-fr",
        "cat-ita",
        "cat-srd",
        "dan-nor",
        "en-gl",
        "eng-cat",
        "eng-spa",
        "eo-ca",
    ),
    *("eo-en", "eo-es", "eo-fr", "es-gl", "es-pt", "es-ro", "eu-en", "eu-es", "fr-es", "fra-cat", "fra-frp", "hbs-eng"),
    *(
        "hbs-mkd",
        "hbs-slv",
        "ind-zlm",
        "isl-eng",
        "isl-swe",
        "mkd-bul",
        "mkd-eng",
        "nno-nob",
        "oc-ca",
        "oc-es",
        "oci-fra",
    ),
    *("pol-szl", "por-cat", "pt-gl", "rus-ukr", "spa-arg", "spa-ast", "spa-cat", "spa-ita", "srd-ita", "swe-dan"),
    *("swe-nor", "urd-hin"),
)


def open_engine(choice: EngineChoice) -> "Apertium":
    """Apertium as it is installed here; `choice.model` names one of its modes where a pair has several.

    Raises:
        UserError: it is not installed, or has no such mode.
    """
    program = shutil.which("apertium")
    if program is None:
        raise UserError(
            "Apertium is not installed; install it with a pair of languages, as in `apt install apertium "
            "apertium-eng-spa`, or give translations that exist with --engine table:FILE."
        )
    engine = Apertium(program, choice.model)
    if choice.model and choice.model not in engine.modes:
        raise unknown("mode of Apertium", choice.model, engine.modes)
    return engine


@dataclass(frozen=True)
class Apertium:
    """The program, and the one of its modes that was asked for, if any."""

    program: str
    mode: str = ""
    # A second or two of work: what a kill can cost, and long against the pipeline's start of a third of a second.
    texts_per_call: int = 2000
    price: float = 0.0

    @property
    def name(self) -> str:
        """ "apertium", and the mode where one was asked for."""
        return f"apertium:{self.mode}" if self.mode else "apertium"

    @cached_property
    def modes(self) -> tuple[str, ...]:
        """The directions that are installed, as "eng-spa"."""
        listed = subprocess.run([self.program, "-l"], capture_output=True, text=True, check=False).stdout.split()
        return tuple(sorted(mode for mode in listed if _MODE.fullmatch(mode)))

    def check(self, source: Language, target: Language) -> None:
        """Find the direction.

        Raises:
            UserError: it is not installed; the sentence names the package that has it, or says that Debian has none.
        """
        self._direction(source, target)

    def translate(self, texts: Sequence[str], source: Language, target: Language) -> list[Translation]:
        """One translation a text; empty for a text at which the pipeline breaks."""
        found = self._texts(list(texts), self._direction(source, target))
        return [Translation(_cased(*pair)) for pair in zip(texts, found, strict=True)]

    def _direction(self, source: Language, target: Language) -> str:
        fitting = [mode for mode in self.modes if _translates(mode, source, target)]
        if self.mode:
            fitting = [mode for mode in fitting if mode == self.mode]
            if not fitting:
                raise UserError(
                    f"Apertium's mode '{self.mode}' does not translate from {source.name} to {target.name}; leave it out, as in "
                    "--engine apertium, or name another language with --to."
                )
        if fitting:
            return min(fitting, key=lambda mode: (mode.count("_"), mode))
        packages = [f"apertium-{pair}" for pair in _DEBIAN if _joins(pair, source, target)]
        has = f"Apertium has no {source.name} → {target.name} here; "
        if packages:
            raise UserError(
                f"{has}install it, as in `apt install {packages[0]}`, or give translations that exist with "
                "--engine table:FILE."
            )
        raise UserError(
            f"{has}Debian has no package for the pair, so choose another engine, such as ctranslate2, or give translations "
            "that exist with --engine table:FILE."
        )

    def _texts(self, texts: list[str], mode: str) -> list[str]:
        """The translations; where the pipeline breaks, the halves are translated apart, down to the text that breaks it."""
        found = self._run(texts, mode)
        if found is not None:
            return found
        if self._run(["."], mode) is None:
            raise UserError(
                f"Apertium's mode '{mode}' does not work; try it with `echo dog | apertium {mode}`, and install its package "
                "again."
            )
        if len(texts) == 1:
            return [""]
        middle = len(texts) // 2
        return self._texts(texts[:middle], mode) + self._texts(texts[middle:], mode)

    def _run(self, texts: list[str], mode: str) -> list[str] | None:
        stream = "".join(_written(text) + _END + "\0" for text in texts).encode()
        command = [self.program, "-z", "-u", "-f", "none", mode]
        with _group(command) as pipeline:
            try:
                output, _ = pipeline.communicate(stream, timeout=_START + _EACH * len(texts))
            except subprocess.TimeoutExpired:
                return None
        # A null ends every text, and the programs of the pipeline add some of their own after the last.
        parts = output.decode(errors="replace").split("\0")
        if pipeline.returncode or len(parts) <= len(texts) or any(parts[len(texts) :]):
            return None
        return [_read(part) for part in parts[: len(texts)]]


@contextmanager
def _group(command: Sequence[str]) -> Generator["subprocess.Popen[bytes]"]:
    """A program with all that it starts, of which nothing is left afterwards, whatever happens here.

    A pipeline's programs are the children of a shell, and go on when that alone is ended.
    """
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, start_new_session=True) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _written(text: str) -> str:
    line = " ".join(text.replace("\0", " ").split())
    return _RESERVED.sub(r"\\\1", line.replace(_TILDE, _PASSING_TILDE))


def _read(part: str) -> str:
    text = part.removesuffix("[]").removesuffix(".")
    return _ESCAPED.sub(r"\1", text).replace(_PASSING_TILDE, _TILDE).strip()


def _cased(text: str, translation: str) -> str:
    """The translation with the case of the text's first letter, unless its own first word is a name that the text has.

    Apertium writes every beginning with a capital in some pairs, and none in others.
    """
    letter = next((sign for sign in text if sign.isalpha()), "")
    place, own = next(((place, sign) for place, sign in enumerate(translation) if sign.isalpha()), (0, ""))
    if letter.isupper() and own.islower():
        return translation[:place] + own.upper() + translation[place + 1 :]
    if letter.islower() and own.isupper():
        word = _WORD.findall(translation[place:])[0]
        if word not in _WORD.findall(text) and word[1:] == word[1:].lower():
            return translation[:place] + own.lower() + translation[place + 1 :]
    return translation


def _sides(mode: str) -> tuple[Language, Language] | None:
    found = _MODE.fullmatch(mode)
    try:
        return (language(found[1]), language(found[3])) if found else None
    except UserError:  # a language that the table has not got
        return None


def _translates(mode: str, source: Language, target: Language) -> bool:
    return _sides(mode) == (source, target)


def _joins(pair: str, source: Language, target: Language) -> bool:
    return _sides(pair) in ((source, target), (target, source))
