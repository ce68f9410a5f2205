"""A text stage with slots, from parallel text to what a paint model reads of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from train.recipes import text_recipe
from transformers import AutoModelForMaskedLM, AutoTokenizer

from isogloss.data.text import ParallelText, TextBatch
from isogloss.data.worlds.shapes.parallel import build_shapes_parallel
from isogloss.errors import UserError
from isogloss.evaluate.prompts_in_english import translator_into_english
from isogloss.losses.sentences import sentence_loss
from isogloss.models.paint_text import Reading, build_text
from isogloss.models.tower import Tower
from isogloss.recipes.text_shapes import recipe as text_shapes
from isogloss.train.run import train
from isogloss.train.text import text_loss
from isogloss.train.text_recipe import TextData, TextRecipe


def slots_recipe(dataset: Path) -> TextRecipe:
    recipe = text_recipe(dataset, steps=3, checkpoint_every=0, validate_every=0)
    data = TextData(str(dataset), meanings_per_step=8, family=4)
    return replace(recipe, data=data, tokenizer="bpe", slots=2, masked=0.0, hidden_tokens=0.0, centred=True)


def test_a_paint_model_reads_the_slots_that_were_trained(tmp_path: Path) -> None:
    build_shapes_parallel(tmp_path / "parallel", meanings=24, family=4, languages=("en", "de"))
    model = train(slots_recipe(tmp_path / "parallel"), tmp_path / "run", quiet=True)
    side = build_text(Tower(model=str(model)), Reading(tokens=30, slots=2))
    read = side.read(["ein roter Kreis", "a red circle to the left of two small stars"])
    assert read.states.shape == (2, 2, side.dim) and read.mask.all()
    assert not torch.allclose(read.states[0], read.states[1])
    ids, _ = side.tokenize(["a star"])
    assert side.tokenizer.convert_ids_to_tokens(ids[0].tolist())[:3] == ["<slot 0>", "<slot 1>", "<s>"]


def test_slots_learn_to_say_a_caption_of_any_language_in_the_pivot(tmp_path: Path) -> None:
    """Most of a few scenes by heart: from German alone, the English all at once."""
    dataset = build_shapes_parallel(tmp_path / "parallel", meanings=16, family=1, languages=("en", "de"))
    optimisation = replace(text_shapes.training.optimisation, learning_rate=2e-2)
    training = replace(
        text_shapes.training, steps=80, checkpoint_every=0, log_every=0, precision="float32", optimisation=optimisation
    )
    config = {**text_shapes.config, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    data = TextData(str(dataset.root), meanings_per_step=16)
    told = replace(text_shapes, data=data, config=config, slots=10, vocabulary=400, training=training)
    folder = train(told, tmp_path / "run", quiet=True)
    model: Any = AutoModelForMaskedLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    text = ParallelText.of(dataset, ("en", "de"), ())
    english, german = (
        [one.take(text.rows(number, row))[0] for row in range(16)] for number, one in enumerate(text.captions)
    )
    read = tokenizer(german, padding=True, return_tensors="pt")
    said = [tokenizer.convert_ids_to_tokens(row) for row in model(**read).logits[:, :10].argmax(dim=-1).tolist()]

    def right(captions: list[str]) -> float:
        wanted = [tokenizer.tokenize(caption) for caption in captions]
        pairs = [pair for row, words in zip(said, wanted, strict=True) for pair in zip(row, words, strict=False)]
        return sum(one == other for one, other in pairs) / len(pairs)

    assert right(english) > 2 * right(english[1:] + english[:1])
    assert right(english) > 0.7
    put = translator_into_english(folder)
    assert put.translate(german, "de") == [
        tokenizer.decode(row, skip_special_tokens=True) for row in map(tokenizer.convert_tokens_to_ids, said)
    ]
    assert put.name.startswith("slots ") and put.translate(["as it is"], "en") == ["as it is"]


class _Says(nn.Module):
    """Says of a batch what it was given."""

    def __init__(self, sentences: Tensor) -> None:
        super().__init__()
        self.sentences = sentences

    def forward(self, *_: Tensor) -> dict[str, Tensor]:
        return {"sentences": self.sentences}


def test_what_is_common_to_all_captions_does_not_count_where_they_are_centred() -> None:
    drawn = torch.randn(8, 6, generator=torch.Generator().manual_seed(0))
    owner = torch.arange(4).repeat_interleave(2)

    none = torch.zeros(8, 0, dtype=torch.int64)
    batch = TextBatch(none, none, none.bool(), torch.zeros(0, dtype=torch.int64), owner)

    def loss(shift: float, centred: bool) -> float:
        recipe = replace(slots_recipe(Path("unused")), centred=centred)
        return float(text_loss(_Says(drawn + shift), batch, recipe).total)

    centre = drawn - drawn.mean(dim=0)
    wanted = float(sentence_loss(centre / centre.norm(dim=1, keepdim=True), owner).total)
    assert loss(0.0, True) == pytest.approx(wanted, rel=1e-5)
    assert loss(5.0, True) == pytest.approx(wanted, rel=1e-4)
    assert loss(5.0, False) != pytest.approx(loss(0.0, False), rel=1e-2)


def test_what_makes_no_slots_is_told(tmp_path: Path) -> None:
    recipe = slots_recipe(tmp_path)
    for wrong in ({"pivot": "en"}, {"pivot": "en", "slots": 0, "masked": 1.0}):
        with pytest.raises(UserError, match="The pivot is en, which slots learn to say in the masked loss; give slots"):
            replace(recipe, **wrong)
    build_shapes_parallel(tmp_path / "parallel", meanings=24, family=4, languages=("en", "de"))
    spanish = replace(slots_recipe(tmp_path / "parallel"), pivot="es", masked=1.0)
    with pytest.raises(UserError, match="There is no pivot among the languages that are read, 'es'; did you mean 'en'"):
        train(spanish, tmp_path / "run", quiet=True)
    for slots in (-1, recipe.tokens - 2):
        with pytest.raises(UserError, match=f"slots is {slots} and a caption has {recipe.tokens} tokens at most"):
            replace(recipe, slots=slots)
    with pytest.raises(UserError, match="meanings_per_step is 9, which makes no whole families of 4"):
        replace(recipe.data, meanings_per_step=9)
