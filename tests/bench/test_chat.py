"""The benches of chat models compare like with like: the same tokens, the same loss, the same replies."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch

from isogloss.models.chat_saving import load_chat
from isogloss.train.chat import chat_loss

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def bench() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        yield {
            name: importlib.import_module(name) for name in ("chat_world", "chat_isogloss", "chat_peer", "chat_step")
        }


@pytest.fixture(scope="module")
def world(bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    module = bench["chat_world"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "VISION", {**module.VISION, "hidden_size": 24, "num_hidden_layers": 2})
        small = {"hidden_size": 32, "num_hidden_layers": 2, "head_dim": 8, "intermediate_size": 48, "vocab_size": 1600}
        patch.setattr(module, "WRITER", {**module.WRITER, **small})
        return module.make_world(tmp_path_factory.mktemp("world"), pictures=8, conversations=24)


@pytest.mark.parametrize("stage", ["align", "instruct"])
def test_both_sides_learn_the_same_tokens_and_have_the_same_loss(bench: Any, world: Any, stage: str) -> None:
    ours, peer = bench["chat_isogloss"], bench["chat_peer"]
    settings = peer.Settings(4, 6, ours.FROZEN[stage], 1e-3, 0.0, (0.9, 0.999), 1e-8, 0.0, 1.0, False)
    model, processor = load_chat(world.model)
    batches = ours.make_batches(world, stage, model, processor, settings)
    llava, read = peer.open_peer(world.model, settings.frozen)
    talks = peer.Talks(ours.talks_of(world, stage, settings, 12), read, model.config.visual_tokens)
    collate = peer.Collate(read, [])
    for step in range(2):
        batch = batches[step]
        padded = collate([talks[number] for number in range(6 * step, 6 * step + 6)])
        with torch.no_grad():
            torch.testing.assert_close(chat_loss(model, batch).total, llava.eval()(**padded).loss, rtol=1e-4, atol=1e-4)
        assert collate.learnt[step] == int((batch.labels != -100).sum())


@pytest.mark.parametrize(("stage", "trained"), [("align", {"multi_modal_projector"}), ("instruct", None)])
def test_the_peer_trains_what_a_stage_trains(bench: Any, world: Any, stage: str, trained: set[str] | None) -> None:
    llava, _ = bench["chat_peer"].open_peer(world.model, bench["chat_isogloss"].FROZEN[stage])
    parts = {
        name.removeprefix("model.").split(".")[0]: parameter.requires_grad
        for name, parameter in llava.named_parameters()
        if parameter.requires_grad
    }
    assert set(parts) == (trained or {"vision_tower", "multi_modal_projector", "language_model"})


def test_both_sides_take_the_steps_that_are_asked_for(bench: Any, world: Any, tmp_path: Path) -> None:
    ours, peer, step = bench["chat_isogloss"], bench["chat_peer"], bench["chat_step"]
    settings = peer.Settings(5, 6, ours.FROZEN["align"], 1e-3, 0.0, (0.9, 0.999), 1e-8, 0.0, 1.0, False)
    told: dict[str, list[int | None]] = {"isogloss": [], "peer": []}

    def pace(side: str) -> Any:
        def tell(tokens: int | None) -> None:
            told[side].append(tokens)
            if len(told[side]) == 4:
                raise step.EnoughError

        return tell

    with pytest.raises(step.EnoughError):
        ours.train(world, "align", tmp_path / "ours", settings, pace("isogloss"), kept=True)
    talks = ours.talks_of(world, "align", settings, 30)
    with pytest.raises(step.EnoughError):
        peer.train(world.model, tmp_path / "peer", talks, settings, pace("peer"), grouped=False)
    assert told["isogloss"] == told["peer"]
    assert told["isogloss"][0] is None and all(told["isogloss"][1:])
