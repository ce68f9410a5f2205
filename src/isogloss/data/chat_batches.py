"""The batches of a chat model: the conversations of a step, packed into rows of one length."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from isogloss.data.augment import normalise
from isogloss.data.chat_batch import IGNORED, ChatBatch
from isogloss.data.chat_tokens import ChatTokens
from isogloss.data.conversations import Conversation
from isogloss.data.images import Pictures
from isogloss.data.mixture import Mixture, Mixtures
from isogloss.data.packing import pack, row_length
from isogloss.data.sampler import check_shared
from isogloss.data.unfit import Unfit
from isogloss.errors import UserError

# Bytes of token numbers and of what is learnt that a process keeps: some 100 million tokens.
LARGEST_KEPT = 500_000_000


@dataclass(frozen=True)
class Ready:
    """A conversation as it goes into a row: its tokens, which of them are learnt, and its pictures as rows of the split."""

    input_ids: NDArray[np.int32]
    learnt: NDArray[np.bool_]
    images: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.input_ids)


@dataclass
class Taken:
    """The conversations that were taken, by part and row.

    Attributes:
        kept: those that stay in memory; None: one that was left out.
        size: of the kept, in bytes.
        unfit: those that lost their last turns or were left out, and why.
        any: whether one was not left out.
    """

    kept: dict[tuple[str, int], Ready | None] = field(default_factory=dict[tuple[str, int], Ready | None])
    size: int = 0
    unfit: Unfit = field(default_factory=Unfit)
    any: bool = False

    def keep(self, place: tuple[str, int], ready: Ready | None) -> None:
        """Keep a conversation if there is room for it."""
        size = 0 if ready is None else ready.input_ids.nbytes + ready.learnt.nbytes + ready.images.nbytes
        if self.size + size <= LARGEST_KEPT:
            self.kept[place] = ready
            self.size += size


@dataclass(frozen=True, eq=False)
class ChatBatches:
    """The training batches of conversations: `batches[step]`, a pure function of (conversations, seed, step).

    A step takes so many conversations, and as many rows as they fill. Conversations are token numbers once they have been
    taken, and are kept so in every process that reads them, up to `LARGEST_KEPT` bytes.

    A conversation that cannot be trained on is left out, and it is told why, and of how many (`Unfit`).

    Transformers' models (5.17 to 5.23) keep the conversations of a row apart by `position_ids` alone, given no
    attention_mask and `use_cache=False`; their flash attention does so only in a batch of one row, which all rows may be laid
    end to end in.

    Args:
        parts: conversations by the name that the mixture knows them by, such as their language.
        tokens: to token numbers.
        mixture: which conversations a step takes.
        row_tokens: the length of a row at most; those of a step are as long as leaves the fewest places empty.
        pictures: of the split that the conversations are about; None where they are about none.
        mean, deviation: of the pixels, by channel, in 0…1.
        with_pixels: whether a batch has pixels, always or by its step; not where features of the pictures are cached.
        process, processes: this process takes every processes-th conversation of the step, from its own number on.

    Raises:
        UserError: a conversation may be longer than a row, or there are more processes than conversations in a step.
    """

    parts: Mapping[str, Sequence[Conversation]]
    tokens: ChatTokens
    mixture: Mixture | Mixtures
    row_tokens: int
    pictures: Pictures | None = None
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    deviation: tuple[float, ...] = (0.5, 0.5, 0.5)
    with_pixels: bool | Callable[[int], bool] = False
    process: int = 0
    processes: int = 1
    taken: Taken = field(default_factory=Taken, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.tokens.most > self.row_tokens:
            raise UserError(
                f"A conversation may have {self.tokens.most} tokens, and a row has {self.row_tokens}; make rows as long at least."
            )
        check_shared(self.images_per_step, self.processes, "conversations", "conversations_per_step")

    @property
    def images_per_step(self) -> int:
        """Conversations, which are what a step is measured in here."""
        return self.mixture.per_step

    @property
    def steps_per_epoch(self) -> int:
        return self.mixture.steps_per_epoch

    def __getitem__(self, step: int) -> ChatBatch:
        mine = self.mixture.taken(step)[self.process :: self.processes]
        found = (self._ready(part, row) for part, row in mine)
        conversations = [one for one in found if one is not None]
        refused = self.taken.unfit.first_refused
        if refused is not None and not self.taken.any:
            raise refused  # what all of a first step have is wrong with the template or the dataset, and not with them
        lengths = [len(one) for one in conversations]
        width = row_length(lengths, self.row_tokens)
        rows = pack(lengths, width)
        # A process whose conversations were all left out trains on nothing, and yet takes part in the step.
        shape = (max(1, len(rows)), width)
        input_ids = np.full(shape, self.tokens.padding)
        position_ids, labels = np.zeros(shape, np.int64), np.full(shape, IGNORED)
        for row, within in enumerate(rows or [[]]):
            start = 0
            for one in (conversations[number] for number in within):
                end = start + len(one)
                input_ids[row, start:end] = one.input_ids
                position_ids[row, start:end] = np.arange(len(one))
                labels[row, start:end] = np.where(one.learnt, one.input_ids, IGNORED)
                start = end
            position_ids[row, start:] = np.arange(width - start)
        order = [conversations[number].images for within in rows for number in within]
        images = np.concatenate([np.zeros(0, np.int64), *order])
        shown = [sum(len(conversations[number].images) for number in within) for within in rows]
        wanted = self.with_pixels(step) if callable(self.with_pixels) else self.with_pixels
        return ChatBatch(
            input_ids=torch.from_numpy(input_ids),
            position_ids=torch.from_numpy(position_ids),
            labels=torch.from_numpy(labels),
            images=torch.from_numpy(images),
            owner=torch.from_numpy(np.repeat(np.arange(len(rows)), shown)),
            pixel_values=self._pixels(images) if wanted else None,
        )

    def _ready(self, part: str, row: int) -> Ready | None:
        place = (part, row)
        if place in self.taken.kept:
            return self.taken.kept[place]
        try:
            ready = self._made(place)
        except UserError as error:
            self.taken.unfit.refuse(place, error)
            ready = None
        self.taken.any = self.taken.any or ready is not None
        self.taken.keep(place, ready)
        return ready

    def _made(self, place: tuple[str, int]) -> Ready | None:
        part, row = place
        conversation = self.parts[part][row]
        encoded = self.tokens.encode(conversation)
        named, most = f"The conversation '{conversation.key}' in '{conversation.language}'", self.tokens.most
        if encoded is None:
            self.taken.unfit.leave_out(
                place, f"{named} has no reply that ends within {most} tokens; allow more to keep it."
            )
            return None
        if encoded.turns < len(conversation.turns):
            self.taken.unfit.cut(place, f"{named} has more than {most} tokens; allow more to keep all of it.")
        images = np.array([self._row_of(key, conversation) for key in encoded.images], np.int64)
        return Ready(encoded.input_ids, encoded.learnt, images)

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        keys = [] if self.pictures is None else self.pictures.split.images["key"].to_pylist()
        return {key: row for row, key in enumerate(keys)}

    def _row_of(self, key: str, conversation: Conversation) -> int:
        if key not in self._rows:
            raise UserError(
                f"The conversation '{conversation.key}' in '{conversation.language}' shows the picture '{key}', which is not "
                "among those that are trained on; add the picture to the split, or take the conversation out."
            )
        return self._rows[key]

    def _pixels(self, images: NDArray[np.int64]) -> Float[Tensor, "image channel height width"]:
        if self.pictures is None or not len(images):
            side = 0 if self.pictures is None else self.pictures.size.side
            return torch.zeros(0, len(self.mean), side, side)
        # A picture that several conversations are about is read once.
        different, places = np.unique(images, return_inverse=True)
        pixels = torch.from_numpy(self.pictures.batch(different))
        return normalise(pixels, self.mean, self.deviation)[torch.from_numpy(places)]
