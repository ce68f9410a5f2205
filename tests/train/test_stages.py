"""What is frozen when, by a reference that asks each tower by itself, and that frozen means to the bit."""

import itertools
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from train.toy import Toy, same, toy_fit, weights

from isogloss.errors import UserError
from isogloss.train.stages import Stage, freeze, frozen_at, frozen_modules, frozen_until, never_trained

EPOCHS = st.sampled_from([0.0, 0.01, 0.25, 0.5, 0.51, 1.0, 1.7, 3.0])


@given(
    epochs=st.dictionaries(st.sampled_from(["vision_model", "text_model", "head"]), EPOCHS),
    steps_per_epoch=st.integers(1, 50),
    step=st.integers(0, 200),
)
def test_each_tower_is_frozen_for_its_own_first_epochs(
    epochs: dict[str, float], steps_per_epoch: int, step: int
) -> None:
    frozen = frozen_at(frozen_until(epochs), step, steps=200, steps_per_epoch=steps_per_epoch)
    wanted = {f"{name}.*" for name, end in epochs.items() if step < round(end * steps_per_epoch)}
    assert set(frozen) == wanted


def test_half_an_epoch_of_the_paper() -> None:
    stages = frozen_until({"text_model": 0.5, "vision_model": 0.0})
    assert [frozen_at(stages, step, 400, 20) for step in (0, 9, 10, 399)] == [("text_model.*",)] * 2 + [()] * 2


@pytest.mark.parametrize(("unit", "first"), [("step", 3), ("epoch", 30), ("run", 300)])
def test_a_stage_begins_in_its_unit(unit: str, first: int) -> None:
    stage = Stage(3.0 if unit != "run" else 0.75, unit, ("a.*",))  # pyright: ignore[reportArgumentType]
    assert stage.first_step(steps=400, steps_per_epoch=10) == first
    assert frozen_at([stage], first - 1, 400, 10) == ()
    assert frozen_at([stage], first, 400, 10) == ("a.*",)


def test_the_last_stage_that_has_begun_holds_in_whatever_order_they_are_written() -> None:
    stages = [Stage(8.0, "step", ("late.*",)), Stage(0.0, "step", ("early.*",)), Stage(0.5, "run", ("middle.*",))]
    found = [frozen_at(stages, step, steps=10, steps_per_epoch=1)[0] for step in range(10)]
    assert found == ["early.*"] * 5 + ["middle.*"] * 3 + ["late.*"] * 2


def test_some_of_what_is_frozen_may_train() -> None:
    model = nn.ModuleDict(
        {"unet": nn.ModuleDict({"attn1": nn.Linear(2, 2), "attn2": nn.Linear(2, 2)}), "head": nn.Linear(2, 2)}
    )
    freeze(model, ("!unet.*attn2.*", "unet.*"))
    trains = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trains == {f"{part}.{name}" for part in ("unet.attn2", "head") for name in ("weight", "bias")}
    stages = [Stage(frozen=("unet.*", "!unet.*attn2.*")), Stage(start=2, frozen=("*",))]
    never = never_trained(model, stages, steps=4, steps_per_epoch=1)
    assert never == {"unet.attn1.weight", "unet.attn1.bias"}
    with pytest.raises(UserError, match="'!unet.attn3.\\*', which matches no parameter"):
        freeze(model, ("unet.*", "!unet.attn3.*"))


def test_freezing_is_by_pattern_and_is_undone_by_the_next() -> None:
    model = nn.ModuleDict({"text_model": nn.Linear(2, 2), "vision_model": nn.Linear(2, 2)})
    for patterns in (("text_model.*",), ("*.weight",), ("text_model.bias", "vision_model.*"), ()):
        freeze(model, patterns)
        trains = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
        frozen = {
            ("text_model.*",): {"text_model.weight", "text_model.bias"},
            ("*.weight",): {"text_model.weight", "vision_model.weight"},
            ("text_model.bias", "vision_model.*"): {"text_model.bias", "vision_model.weight", "vision_model.bias"},
            (): set[str](),
        }[patterns]
        assert trains == {"text_model.weight", "text_model.bias", "vision_model.weight", "vision_model.bias"} - frozen


def test_a_frozen_parameter_keeps_no_gradient() -> None:
    model = Toy()
    model(torch.ones(1, 6)).sum().backward()
    freeze(model, ("text_model.*",))
    assert model.text_model.weight.grad is None
    assert model.vision_model.weight.grad is not None


def test_what_never_trains_does_not_begin_to(tmp_path: Path) -> None:
    """As the fixed positions of some vision towers: no stage that ends may wake them."""
    model = Toy()
    freeze(model, (), fixed={"scale"})
    assert [name for name, one in model.named_parameters() if not one.requires_grad] == ["scale"]
    freeze(model, ("text_model.*",), fixed={"scale"})
    assert not model.scale.requires_grad
    freeze(model, ("text_model.*",))
    assert model.scale.requires_grad


def test_a_module_that_is_wholly_frozen_rests() -> None:
    """Neither its dropout nor its batch statistics work; a module in which anything trains goes on."""

    def tower() -> nn.Sequential:
        return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))

    model = nn.ModuleDict({"text_model": tower(), "vision_model": tower()})
    model.train()
    freeze(model, ("text_model.*", "vision_model.0.*"))
    for module in frozen_modules(model):
        module.eval()
    assert [module.training for module in model["text_model"].modules()] == [False] * 4
    assert [module.training for module in model["vision_model"].modules()] == [True, False, True, True]
    inputs = torch.randn(8, 4)
    before = model["text_model"][1].running_mean.clone()
    assert torch.equal(model["text_model"](inputs), model["text_model"](inputs))
    assert torch.equal(model["text_model"][1].running_mean, before)


@pytest.mark.parametrize(("pattern", "nearest"), [("text_mode.*", "text_model.*"), ("vision.*", "vision_model.*")])
def test_a_pattern_that_matches_nothing_names_the_nearest(pattern: str, nearest: str) -> None:
    with pytest.raises(UserError, match=rf"freezes '{pattern}'.*did you mean '{nearest}'"):
        freeze(Toy(), (pattern,))


def test_a_bad_pattern_of_a_later_stage_is_told_before_the_first_step(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean 'text_model"):
        toy_fit(tmp_path, stages=(Stage(), Stage(10.0, "step", ("txt_model.*",))))
    assert not (tmp_path / "metrics.jsonl").exists()


def test_frozen_weights_stay_to_the_bit_and_then_train(tmp_path: Path) -> None:
    seen: list[dict[str, torch.Tensor]] = []
    torch.manual_seed(7)
    before = weights(Toy())

    def note(model: nn.Module) -> dict[str, float]:
        seen.append(weights(model))
        return {"loss": 0.0}

    stages = frozen_until({"text_model": 1.0, "vision_model": 0.4})  # 5 and 2 steps
    toy_fit(tmp_path, stages=stages, validate=note, validate_every=1)

    def tower(state: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
        return {key: value for key, value in state.items() if key.startswith(name)}

    for name, steps in (("text_model", 5), ("vision_model", 2)):
        states = [tower(state, name) for state in (before, *seen)]
        moved = [not same(one, other) for one, other in itertools.pairwise(states)]
        assert moved == [False] * steps + [True] * (len(seen) - steps), name
