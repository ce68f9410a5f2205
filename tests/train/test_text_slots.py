"""A text stage with slots, from parallel text to what a paint model reads of it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from train.recipes import text_recipe

from isogloss.data.text import TextBatch
from isogloss.data.worlds.shapes.parallel import build_shapes_parallel
from isogloss.errors import UserError
from isogloss.losses.sentences import sentence_loss
from isogloss.models.paint_text import Reading, build_text
from isogloss.models.tower import Tower
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
        return float(text_loss(_Says(drawn + shift), batch, 0.0, 1.0, centred).total)

    centre = drawn - drawn.mean(dim=0)
    wanted = float(sentence_loss(centre / centre.norm(dim=1, keepdim=True), owner).total)
    assert loss(0.0, True) == pytest.approx(wanted, rel=1e-5)
    assert loss(5.0, True) == pytest.approx(wanted, rel=1e-4)
    assert loss(5.0, False) != pytest.approx(loss(0.0, False), rel=1e-2)


def test_what_makes_no_slots_is_told(tmp_path: Path) -> None:
    recipe = slots_recipe(tmp_path)
    for slots in (-1, recipe.tokens - 2):
        with pytest.raises(UserError, match=f"slots is {slots} and a caption has {recipe.tokens} tokens at most"):
            replace(recipe, slots=slots)
    with pytest.raises(UserError, match="meanings_per_step is 9, which makes no whole families of 4"):
        replace(recipe.data, meanings_per_step=9)
