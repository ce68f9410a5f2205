"""Text cut into the pieces that a translation model reads, and put together again.

With the libraries that hold the vocabularies, tokenizers and SentencePiece, and without Transformers: importing that
takes seconds and a quarter of a gigabyte, several times what a small translation model itself does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isogloss.errors import UserError

# What lies beside a model's weights and says how its text is cut.
FILES = (
    "source.spm",
    "target.spm",
    "sentencepiece.bpe.model",
    "spiece.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
)
SPECIAL = frozenset({"<s>", "</s>", "<pad>", "<unk>"})


@dataclass(frozen=True)
class Pieces:
    """How one model's text is cut and joined, without the tokens for languages and ends.

    cut: the pieces of each text. join: the text of each row of pieces; special tokens among them are left out.
    """

    cut: Callable[[Sequence[str]], list[list[str]]]
    join: Callable[[Sequence[Sequence[str]]], list[str]]


def open_pieces(folder: Path, special: frozenset[str] = frozenset()) -> Pieces:
    """The pieces of the model in a folder.

    Args:
        folder: it holds a tokenizer.json or SentencePiece models.
        special: tokens that are no text, beside the usual ones, such as those of M2M-100's languages.

    Raises:
        UserError: it holds neither, or a damaged one.
    """
    try:
        if (folder / "source.spm").is_file():  # OPUS-MT has one for each side
            return _sentencepiece(folder / "source.spm", folder / "target.spm", SPECIAL | special)
        if (folder / "tokenizer.json").is_file():
            return _tokenizers(folder / "tokenizer.json")
        for name in ("sentencepiece.bpe.model", "spiece.model"):
            if (folder / name).is_file():
                return _sentencepiece(folder / name, folder / name, SPECIAL | special)
    except UserError:
        raise
    except Exception as error:  # neither library has a class of its own for a damaged file
        reason = str(error).splitlines()[0]
        raise UserError(f"The vocabulary in {folder} cannot be read ({reason}); fetch the model again.") from error
    raise UserError(
        f"{folder} has no tokenizer.json and no SentencePiece model (source.spm, sentencepiece.bpe.model or spiece.model); "
        "copy them there from the model that it was converted from."
    )


def _sentencepiece(source: Path, target: Path, special: frozenset[str]) -> Pieces:
    from sentencepiece import SentencePieceProcessor

    reader: Any = SentencePieceProcessor(model_file=str(source))
    writer: Any = reader if target == source else SentencePieceProcessor(model_file=str(target))

    def cut(texts: Sequence[str]) -> list[list[str]]:
        return reader.encode(list(texts), out_type=str)

    def join(rows: Sequence[Sequence[str]]) -> list[str]:
        texts = writer.decode_pieces([[piece for piece in row if piece not in special] for row in rows])
        return [text.replace("▁", " ").strip() for text in texts]

    return Pieces(cut, join)


def _tokenizers(file: Path) -> Pieces:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))

    def cut(texts: Sequence[str]) -> list[list[str]]:
        return [row.tokens for row in tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def join(rows: Sequence[Sequence[str]]) -> list[str]:
        numbers = [[tokenizer.token_to_id(piece) for piece in row] for row in rows]
        known = [[number for number in row if number is not None] for row in numbers]  # a model has spare rows
        return [text.strip() for text in tokenizer.decode_batch(known, skip_special_tokens=True)]

    return Pieces(cut, join)
