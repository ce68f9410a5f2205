"""Features of a frozen tower: those that it makes of the very pictures, each made once."""

import numpy as np
import pytest
import torch
from torch import Tensor
from train.squares import squares

from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures, PictureSize
from isogloss.train import features
from isogloss.train.features import Features

MEAN, DEVIATION = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return squares(tmp_path_factory.mktemp("world") / "squares", ("en",))


@pytest.fixture
def pictures(world: Dataset) -> Pictures:
    return Pictures(world, world.split("train", ()), PictureSize(16, 16))


class Tower:
    """Two patches of a picture: the mean of its upper half and of its lower one, by channel."""

    def __init__(self) -> None:
        self.looked: list[int] = []

    def __call__(self, pixels: Tensor) -> Tensor:
        self.looked.append(len(pixels))
        return torch.stack([pixels[:, :, :8].mean((2, 3)), pixels[:, :, 8:].mean((2, 3))], 1)


def naive(pictures: Pictures, rows: list[int]) -> Tensor:
    pixels = pictures.batch(np.array(rows)).astype(np.float64) / 255
    scaled = (pixels - np.array(MEAN)[:, None, None]) / np.array(DEVIATION)[:, None, None]
    return torch.from_numpy(np.stack([scaled[:, :, :8].mean((2, 3)), scaled[:, :, 8:].mean((2, 3))], 1))


def test_they_are_the_tower_s_own_in_the_order_in_which_they_are_asked_for(pictures: Pictures) -> None:
    made, tower = Features(pictures, MEAN, DEVIATION), Tower()
    for rows in ([5, 2, 9], [9, 5, 5, 7], [2]):
        found = made.of(torch.tensor(rows), tower)
        torch.testing.assert_close(found.double(), naive(pictures, rows), rtol=1e-5, atol=1e-5)
    assert tower.looked == [3, 1]


def test_no_more_are_looked_at_together_than_there_is_room_for(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "_TOGETHER", 4)
    made, tower = Features(pictures, MEAN, DEVIATION), Tower()
    rows = [*range(9), 3]
    found = made.of(torch.tensor(rows), tower)
    assert tower.looked == [4, 4, 1]
    torch.testing.assert_close(found.double(), naive(pictures, rows), rtol=1e-5, atol=1e-5)


def test_what_is_forgotten_is_looked_at_again(pictures: Pictures) -> None:
    made, tower = Features(pictures, MEAN, DEVIATION), Tower()
    made.of(torch.tensor([1, 2]), tower)
    made.forget()
    assert not made.made
    made.of(torch.tensor([2]), tower)
    assert tower.looked == [2, 1]


def test_no_more_is_kept_than_there_is_room_for_and_all_is_right(pictures: Pictures) -> None:
    each = 2 * 3 * 4
    made, tower = Features(pictures, MEAN, DEVIATION, room=3 * each + 1), Tower()
    for rows in ([5, 2], [2, 9, 7], [7, 5, 9], [9, 9]):
        found = made.of(torch.tensor(rows), tower)
        torch.testing.assert_close(found.double(), naive(pictures, rows), rtol=1e-5, atol=1e-5)
        assert made.held == sum(one.untyped_storage().nbytes() for one in made.made.values()) <= 3 * each
    assert tower.looked == [2, 2, 1, 1], "one of four is looked at each time"
    made.forget()
    made.of(torch.tensor([9]), tower)
    assert list(made.made) == [9] and made.held == each


def test_they_are_held_in_the_type_that_they_are_multiplied_in(pictures: Pictures) -> None:
    made, tower, rows = Features(pictures, MEAN, DEVIATION, torch.bfloat16), Tower(), [5, 2]
    wanted = naive(pictures, rows).float().bfloat16()
    for _ in range(2):  # looked at, and kept
        found = made.of(torch.tensor(rows), tower)
        assert found.dtype == torch.bfloat16
        torch.testing.assert_close(found, wanted)
    assert made.held == 2 * 2 * 3 * 2


def test_no_gradient_is_kept(pictures: Pictures) -> None:
    weight = torch.ones(3, requires_grad=True)

    def tower(pixels: Tensor) -> Tensor:
        return (pixels.mean((2, 3)) * weight)[:, None]

    assert not Features(pictures, MEAN, DEVIATION).of(torch.tensor([0]), tower).requires_grad


def test_the_float_type_of_the_tower_is_kept(pictures: Pictures) -> None:
    made = Features(pictures, MEAN, DEVIATION)
    assert made.of(torch.tensor([0]), lambda pixels: Tower()(pixels).bfloat16()).dtype == torch.bfloat16
