"""A translation model of Transformers converted for CTranslate2: once, in a process of its own, and then kept.

Converting holds the whole model in memory in its own precision and imports PyTorch and Transformers; the process that
translates is to have neither. Kept under `$ISOGLOSS_CACHE`, or else `~/.cache/isogloss`.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from isogloss.errors import UserError
from isogloss.lock import only_one
from isogloss.saved import read_json, read_object
from isogloss.saving import new_folder, write_json
from isogloss.translate.pieces import FILES

# Goes into the key of what is kept: a later number where a conversion comes out differently.
VERSION = 1
FAMILIES = ("m2m_100", "marian", "mbart", "mt5", "t5")


def cache_folder() -> Path:
    """Where converted models are kept."""
    return Path(os.environ.get("ISOGLOSS_CACHE") or Path.home() / ".cache" / "isogloss") / "ctranslate2"


def converted(folder: Path, name: str, precision: str) -> Path:
    """The converted model of a checkpoint, made if it is not kept yet; a folder that is converted already, as it is.

    Args:
        folder: it holds a checkpoint of Transformers.
        name: of the model, for the name of the kept folder.
        precision: "float32", "float16", "bfloat16" or "int8", of the weights on the disk.

    Raises:
        UserError: it is no translation model of a known family, or damaged, or there is no room for the result.
    """
    if (folder / "model.bin").is_file():
        return folder
    _check(folder)
    kept = cache_folder() / f"{name.replace('/', '--')}-{_state(folder)}-{precision}"
    if not (kept / "model.bin").is_file():
        _run(folder, kept, precision)
    return kept


def _check(folder: Path) -> None:
    """Tell before anything is imported whether this can be converted."""
    if not (folder / "config.json").is_file():
        raise UserError(
            f"{folder} holds no model: it has neither a model.bin of CTranslate2 nor a config.json of Transformers; name "
            "the folder of a downloaded model."
        )
    family, tokenizer = read_object(folder / "config.json").get("model_type"), folder / "tokenizer_config.json"
    if family not in FAMILIES:
        raise UserError(
            f"{folder} is a model of the type '{family}', and CTranslate2 translates here with NLLB-200, M2M-100, "
            f"mBART-50, MADLAD-400 and OPUS-MT ({', '.join(FAMILIES)}); give --engine transformers:{folder} for others."
        )
    if tokenizer.is_file() and read_object(tokenizer).get("separate_vocabs"):
        raise UserError(
            f"{folder} has a vocabulary for either side, and CTranslate2's converter takes one for both; give "
            f"--engine transformers:{folder}."
        )


def _state(folder: Path) -> str:
    """What tells this checkpoint from another, or from itself before it was changed, without reading its weights."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    # The Hub's cache names folders after commits and links its files; times of a copy would differ.
    facts: list[Any] = [VERSION, str(folder.resolve())]
    for path in files:
        status = path.stat()
        facts.append([path.name, status.st_size, status.st_mtime_ns])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def _run(folder: Path, kept: Path, precision: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", __name__, str(folder), str(kept), precision],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if process.returncode == 2:
        raise UserError(process.stderr.strip().splitlines()[-1])
    if process.returncode < 0:
        raise UserError(
            f"The conversion of {folder} for CTranslate2 was ended by the system, most often for lack of memory; it takes "
            "about twice the size of the model's weights: free some, or name a model that is converted already."
        )
    if process.returncode:
        last = (process.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UserError(
            f"{folder} cannot be converted for CTranslate2 ({last}); fetch the model again, or give "
            f"--engine transformers:{folder}."
        )


def keep(folder: Path, kept: Path, precision: str) -> None:
    """Convert a checkpoint into a folder that appears whole or not at all; one process does it, others wait for it.

    Raises:
        UserError: weights are missing, or the place cannot be written.
    """
    with only_one(kept.with_name(f"{kept.name}.lock")):
        if (kept / "model.bin").is_file():
            return
        for partial in kept.parent.glob(f".{kept.name}.*.partial"):  # of a conversion that was killed
            shutil.rmtree(partial, ignore_errors=True)
        with new_folder(kept) as partial:
            convert(folder, partial, precision)


def convert(folder: Path, into: Path, precision: str) -> None:
    """Write CTranslate2's files into a folder that exists, and beside them those that say how text is cut.

    Raises:
        UserError: the checkpoint lacks weights, or its vocabulary cannot be taken over.
    """
    from ctranslate2.converters import TransformersConverter
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(str(folder))
    converter: Any = TransformersConverter(str(folder))
    converter.load_model = _load
    converter.load_tokenizer = lambda *_, **__: tokenizer
    converter.convert(str(into), quantization=precision, force=True)
    # The converter counts tokens where the tokenizer leaves a gap in its numbers, and would then mean others by them.
    for number, token in enumerate(read_json(into / "shared_vocabulary.json")[: len(tokenizer)]):
        if tokenizer.convert_ids_to_tokens(number) not in (token, tokenizer.unk_token):
            raise UserError(
                f"{folder} has a vocabulary that CTranslate2 numbers otherwise, from the token {number} on ('{token}'); give "
                f"--engine transformers:{folder}."
            )
    settings = read_object(into / "config.json")
    # mBART-50, whose tokenizer names no beginning, and which CTranslate2 takes for the first mBART, whose translations
    # begin with the language; here they begin with an end and the language.
    for role in ("bos_token", "decoder_start_token"):
        settings[role] = settings.get(role) or settings["eos_token"]
    write_json(into / "config.json", settings)
    for name in FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, into / name)


def _load(model_class: Any, name: str, **options: Any) -> Any:
    model, report = model_class.from_pretrained(name, output_loading_info=True, **options)
    if report["missing_keys"]:
        lacking = sorted(report["missing_keys"])
        raise UserError(
            f"{name} lacks {len(lacking)} of its weights, the first of them {lacking[0]}; fetch the model again."
        )
    config = model.config
    if hasattr(config, "scale_decoder_outputs"):
        # CTranslate2 4.8 takes T5's outputs for scaled where the embeddings are tied. So it was before Transformers 5,
        # which says of every T5 that they are tied, and has this field for the scale.
        config.tie_word_embeddings = config.scale_decoder_outputs
    if config.model_type == "mbart":
        # What CTranslate2 reads of an mBART's configuration and Transformers 5 has left out of it, for all are alike.
        config.normalize_before, config.normalize_embedding = True, True
    return model


def main() -> None:
    """The process of its own: folder, where it is kept, precision."""
    try:
        keep(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
