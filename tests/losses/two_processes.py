"""What each of two processes does in `test_gather`: its part of a batch, through a data-parallel model."""

from pathlib import Path

import torch
import torch.distributed as distributed
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from isogloss.losses.gather import gather_owner, gather_rows
from isogloss.losses.parallel import parallel_loss
from isogloss.losses.per_language import per_language_loss

# Five images over two processes; the fourth owns nothing, and the second process holds more captions than the first.
PROCESS_OF_IMAGE = [0, 1, 0, 1, 1]
OWNER = [0, 0, 1, 1, 1, 2, 4, 4]
LANGUAGE = [0, 1, 0, 1, 1, 0, 2, 0]


class Pair(nn.Module):
    """The smallest of dual encoders."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.image, self.text = nn.Linear(6, 4), nn.Linear(5, 4)
        self.logit_scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, images: Tensor, captions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = (F.normalize(self.image(images), dim=-1), F.normalize(self.text(captions), dim=-1))
        return (*rows, self.logit_scale.exp())


def part(process: int | None) -> dict[str, Tensor]:
    """The images and captions of one process, or all of them in the order in which processes are gathered."""
    generator = torch.Generator().manual_seed(1)
    images, captions = torch.randn(5, 6, generator=generator), torch.randn(8, 5, generator=generator)
    mine = [process] if process is not None else [0, 1]
    image_rows = [image for one in mine for image in range(5) if PROCESS_OF_IMAGE[image] == one]
    caption_rows = [row for one in mine for row in range(8) if PROCESS_OF_IMAGE[OWNER[row]] == one]
    return {
        "images": images[image_rows],
        "captions": captions[caption_rows],
        "owner": torch.tensor([image_rows.index(OWNER[row]) for row in caption_rows]),
        "language": torch.tensor([LANGUAGE[row] for row in caption_rows]),
    }


def step(model: nn.Module, pair: Pair, batch: dict[str, Tensor], objective: str) -> dict[str, Tensor]:
    """The loss, its floor and the gradients of one step, over all processes."""
    model.zero_grad()
    image_rows, caption_rows, scale = model(batch["images"], batch["captions"])
    images, captions = gather_rows(image_rows), gather_rows(caption_rows)
    owner = gather_owner(batch["owner"], len(batch["images"]))
    if objective == "parallel":
        losses = parallel_loss(images, captions, owner, scale)
    else:
        losses = per_language_loss(images, captions, owner, gather_rows(batch["language"]), scale)
    losses.total.backward()
    gradients = {name: value.grad for name, value in pair.named_parameters() if value.grad is not None}
    return {"loss": losses.total.detach(), "floor": losses.floor, "owner": owner, **gradients}


def work(process: int, folder: str) -> None:
    """One of the two processes."""
    meeting = Path(folder, "meeting").as_uri()
    distributed.init_process_group("gloo", init_method=meeting, rank=process, world_size=2)
    pair = Pair()
    model = DistributedDataParallel(pair)
    found = {objective: step(model, pair, part(process), objective) for objective in ("parallel", "per_language")}
    with torch.no_grad():  # validation gathers without gradients
        found["evaluated"] = {"rows": gather_rows(pair(**{n: part(process)[n] for n in ("images", "captions")})[1])}
    torch.save(found, Path(folder, f"{process}.pt"))
    # A process that leaves while the other is still letting go of the model was seen to hang, rarely.
    del model
    distributed.barrier()
    distributed.destroy_process_group()
