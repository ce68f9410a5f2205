"""From a vision tower's states to visual tokens, which a language model reads among its own."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from isogloss.errors import UserError

# The width of a head in the resampler of Qwen-VL (arXiv 2308.12966), which follows large language models.
_HEAD_WIDTH = 128


@dataclass(frozen=True)
class Connector:
    """Which connector.

    Args:
        kind: "mlp" for LLaVA's two layers, a visual token a patch; "resampler" for learnt queries.
        queries: how many visual tokens the resampler makes of a picture, a square number.
        reduction: what makes patches fewer before the connector: "none", "pixel_shuffle" for `factor` x `factor` patches side
            by side as one that is as many times wider, "average" for their mean.
        factor: the side of the squares of patches that become one.
    """

    kind: str = "mlp"
    queries: int = 64
    reduction: str = "none"
    factor: int = 2

    def __post_init__(self) -> None:
        if self.kind not in ("mlp", "resampler"):
            raise UserError(f"There is no connector '{self.kind}'; choose mlp or resampler.")
        if self.reduction not in ("none", *REDUCTIONS):
            raise UserError(f"There is no reduction '{self.reduction}'; choose one of none, {', '.join(REDUCTIONS)}.")
        if self.queries < 1 or math.isqrt(self.queries) ** 2 != self.queries:
            raise UserError(
                f"queries is {self.queries}; the resampler lays them out in a square, so give a square number, such as 64."
            )
        if self.factor < 1:
            raise UserError(f"factor is {self.factor}; give a whole number of at least 1.")


def pixel_shuffle(
    states: Float[Tensor, "image patch width"], factor: int
) -> Float[Tensor, "image fewer_patches wider_width"]:
    """`factor` x `factor` neighbouring patches as one that holds all of their values, row by row (arXiv 1609.05158).

    Args:
        states: of a square of patches, row by row, whose side `factor` divides.
    """
    return _squares(states, factor).flatten(2)


def average_pool(states: Float[Tensor, "image patch width"], factor: int) -> Float[Tensor, "image fewer_patches width"]:
    """The mean of `factor` x `factor` neighbouring patches.

    Args:
        states: of a square of patches, row by row, whose side `factor` divides.
    """
    return _squares(states, factor).mean(dim=2)


def _squares(
    states: Float[Tensor, "image patch width"], factor: int
) -> Float[Tensor, "image fewer_patches square width"]:
    images, patches, width = states.shape
    side = math.isqrt(patches) // factor
    cut = states.view(images, side, factor, side, factor, width).permute(0, 1, 3, 2, 4, 5)
    return cut.reshape(images, side * side, factor * factor, width)


REDUCTIONS: Mapping[str, Callable[[Tensor, int], Tensor]] = {"pixel_shuffle": pixel_shuffle, "average": average_pool}


class MLP(nn.Module):
    """Two layers with a GELU between them: LLaVA 1.5's projector (arXiv 2310.03744), under the names that it is saved by."""

    def __init__(self, vision_width: int, dim: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(vision_width, dim)
        self.linear_2 = nn.Linear(dim, dim)

    def forward(self, states: Float[Tensor, "image patch width"]) -> Float[Tensor, "image patch dim"]:
        return self.linear_2(F.gelu(self.linear_1(states)))


class Resampler(nn.Module):
    """Learnt queries that each read a whole picture: one layer of cross attention (arXiv 2308.12966; arXiv 2308.12038).

    Queries and patches bear two-dimensional positions, sines and cosines, each over its own square laid over the picture; what
    stands before the patches, such as a class token, bears none.

    Args:
        vision_width: of the states.
        dim: of the visual tokens.
        queries: how many of them, a square number.
        prefix: how many states stand before those of patches.
    """

    def __init__(self, vision_width: int, dim: int, queries: int = 64, prefix: int = 0) -> None:
        super().__init__()
        self.prefix = prefix
        self.query = nn.Parameter(torch.zeros(queries, dim))
        self.read = nn.Linear(vision_width, dim, bias=False)
        self.query_norm = nn.LayerNorm(dim)
        self.state_norm = nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, _heads(dim), batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.write = nn.Linear(dim, dim, bias=False)
        # A table would be one more thing to save, and a buffer has no values where a model is loaded without memory.
        self.side = math.isqrt(queries)

    def forward(self, states: Float[Tensor, "image patch width"]) -> Float[Tensor, "image query dim"]:
        read = self.state_norm(self.read(states))
        dim = read.shape[-1]
        grid = math.isqrt(read.shape[1] - self.prefix)
        at = torch.cat([read.new_zeros(self.prefix, dim), positions(grid, self.side, dim).to(read)])
        query = self.query_norm(self.query) + positions(self.side, self.side, dim).to(read)
        found, _ = self.attention(query.expand(len(read), -1, -1), read + at, read, need_weights=False)
        return self.write(self.norm(found))


def positions(grid: int, span: int, dim: int) -> Float[Tensor, "place dim"]:
    """The place of each square of a `grid` x `grid` raster, row by row, as sines and cosines of its row and its column.

    Half of the dimensions tell the row, half the column (MAE, arXiv 2111.06377), each in waves from 1 to 10,000
    (arXiv 1706.03762).

    Args:
        grid: squares in a row of the raster.
        span: the picture's side in units of the waves, so that two rasters over one picture agree.
        dim: of the result; the few that cannot be shared out stay 0.
    """
    waves = dim // 4
    rate = 10_000 ** -(torch.arange(waves, dtype=torch.float64) / max(1, waves))
    middle = (torch.arange(grid, dtype=torch.float64) + 0.5) * span / max(1, grid)
    angle = middle[:, None] * rate
    along = torch.cat([angle.sin(), angle.cos()], dim=1)
    rows, columns = along.repeat_interleave(grid, dim=0), along.repeat(grid, 1)
    return F.pad(torch.cat([rows, columns], dim=1), (0, dim - 4 * waves)).float()


def _heads(dim: int) -> int:
    """As many heads as are nearest to their usual width and divide `dim`."""
    return max(heads for heads in range(1, max(1, dim // _HEAD_WIDTH) + 1) if dim % heads == 0)


def reduced(patches: int, prefix: int, width: int, connector: Connector) -> tuple[int, int]:
    """How many patches, and how wide, a connector's reduction leaves.

    Args:
        patches: of one picture, those before them included.
        prefix: how many states stand before those of patches.

    Raises:
        UserError: the patches cannot be reduced.
    """
    if connector.reduction == "none":
        return patches, width
    side = math.isqrt(patches)
    if prefix or side * side != patches:
        raise UserError(
            f"{connector.reduction} needs a square of patches and nothing else, and this tower gives {patches} states; set "
            "vision_feature_select_strategy to patches, or reduction to none."
        )
    if side % connector.factor:
        raise UserError(
            f"{connector.reduction} cannot make one of {connector.factor} x {connector.factor} patches where a picture has "
            f"{side} x {side}; choose a factor that divides {side}, or another image_size."
        )
    squares = connector.factor**2
    return patches // squares, width * squares if connector.reduction == "pixel_shuffle" else width


def build_connector(connector: Connector, prefix: int, width: int, dim: int) -> MLP | Resampler:
    """A connector with random weights.

    Args:
        prefix: how many states of a picture stand before those of patches.
        width: of a state, after the reduction.
        dim: of the language model.
    """
    if connector.kind == "mlp":
        return MLP(width, dim)
    return Resampler(width, dim, connector.queries, prefix)
