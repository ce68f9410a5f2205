"""Two processes together do the step of one."""

from pathlib import Path

import pytest
import torch
import torch.multiprocessing as multiprocessing
from losses.two_processes import OWNER, Pair, part, step, work

from isogloss.losses.gather import gather_owner, gather_rows


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, torch.Tensor]]]:
    folder = tmp_path_factory.mktemp("processes")
    multiprocessing.spawn(work, (str(folder),), nprocs=2)
    return [torch.load(Path(folder, f"{process}.pt")) for process in range(2)]


@pytest.mark.parametrize("objective", ["parallel", "per_language"])
def test_loss_and_gradients_are_those_of_one_process(
    found: list[dict[str, dict[str, torch.Tensor]]], objective: str
) -> None:
    pair = Pair()
    wanted = step(pair, pair, part(None), objective)
    assert set(wanted) == {"loss", "floor", "owner", *(name for name, _ in pair.named_parameters())}
    for process in found:
        torch.testing.assert_close(process[objective], wanted)


def test_rows_are_gathered_in_the_order_of_processes(found: list[dict[str, dict[str, torch.Tensor]]]) -> None:
    whole = part(None)
    wanted = Pair()(whole["images"], whole["captions"])[1].detach()
    assert len(wanted) == len(OWNER)
    for process in found:
        torch.testing.assert_close(process["evaluated"]["rows"], wanted)


def test_one_process_keeps_what_it_has() -> None:
    rows, owner = torch.randn(3, 2), torch.tensor([1, 0, 1])
    assert gather_rows(rows) is rows
    assert gather_owner(owner, 2) is owner
