"""A conversation with a chat model about pictures."""

import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from isogloss.data.chat_tokens import ChatTokens, Encoded
from isogloss.data.conversations import IMAGE, Conversation, Turn
from isogloss.data.templates.instructions import reply_in as answer_in
from isogloss.errors import UserError
from isogloss.models.chat import ChatModel
from isogloss.serve.chat_loading import open_chat
from isogloss.serve.chat_memory import ChatMemory
from isogloss.serve.generation import Generation
from isogloss.serve.pictures import open_picture
from isogloss.serve.prompts import check_prompt
from isogloss.serve.reply_text import sentences_end, shown_end
from isogloss.serve.safety import Safety
from isogloss.serve.writing import Writing

# Of a model's tokens, the share that is kept for its reply where max_tokens is more than that.
_REPLY = 0.25


@dataclass
class Chat:
    """A conversation, which goes on with each question.

    What was read and seen is kept, so that each picture is looked at once and each turn read once.

    Attributes:
        model, processor: of `isogloss.models.chat_saving.load_chat`.
        generation: how replies are written; may be set anew at any time.
        safety: what is refused, by default nothing.
        turns: so far, as the model reads them; a reply that was stopped is what was shown of it.
        left_out: how many of the conversation's first exchanges have no room in the model any more.
    """

    model: ChatModel
    processor: Any
    generation: Generation = field(default_factory=Generation)
    safety: Safety = field(default_factory=Safety)
    turns: tuple[Turn, ...] = ()
    left_out: int = 0
    _images: tuple[str, ...] = ()
    _count: int = 0
    _memory: ChatMemory = field(init=False, repr=False)
    _tokens: ChatTokens = field(init=False, repr=False)

    def __post_init__(self) -> None:
        config, tokenizer = self.model.config, self.processor.tokenizer
        self._memory = ChatMemory(self.model)
        self._tokens = ChatTokens(tokenizer, config.image_token_id, config.visual_tokens, self.context or sys.maxsize)

    @classmethod
    def load(
        cls,
        model: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        quantise: str | None = None,
        generation: Generation | None = None,
        safety: Safety | None = None,
    ) -> "Chat":
        """A conversation that nothing was said in yet.

        Args:
            model: a run's folder, a folder with a saved model, or a name on the Hub.
            device: "auto", "cpu", "cuda" or one GPU of several, as "cuda:1".
            dtype: that it computes in: "float32", "bfloat16", or "auto" for bfloat16 on a GPU that computes in it.
            quantise: "8bit" or "4bit" for a language model that takes less memory, on a GPU.

        Raises:
            UserError: there is no such model, device or type, or nothing here quantises.
        """
        loaded, processor = open_chat(model, device=device, dtype=dtype, quantise=quantise)
        return cls(loaded, processor, generation or Generation(), safety or Safety())

    def ask(
        self,
        prompt: str,
        *,
        images: str | Path | Image.Image | Sequence[str | Path | Image.Image] = (),
        reply_in: str | None = None,
    ) -> str:
        """The reply to what is said next; the arguments and errors are those of `stream`."""
        return "".join(self.stream(prompt, images=images, reply_in=reply_in))

    def stream(
        self,
        prompt: str,
        *,
        images: str | Path | Image.Image | Sequence[str | Path | Image.Image] = (),
        reply_in: str | None = None,
    ) -> Generator[str]:
        """The reply to what is said next, piece by piece as it is written.

        Who stops reading stops the writing. With checks of texts a piece is a sentence, else it is some whole letters.

        Args:
            prompt: in any language; pictures stand before it, or where it says `IMAGE`.
            images: that are shown with it, files or pictures of Pillow; one may stand by itself.
            reply_in: a language's tag, in whose words the reply is asked for.

        Raises:
            UserError: there is no prompt, a picture cannot be read, there is no room for it, or a check refuses something.
        """
        shown_first = [images] if isinstance(images, str | Path | Image.Image) else images
        pictures = [open_picture(image) for image in shown_first]
        said = Turn("user", self._asked(prompt, len(pictures), reply_in))
        for picture in pictures:
            self.safety.picture(picture).require()
        self.safety.prompt(prompt).require()
        keys = tuple(f"picture {self._count + number}" for number in range(len(pictures)))
        self._count += len(pictures)
        before = self.turns, self._images, self.left_out
        shown, whole = "", False
        try:
            encoded = self._fitted((*self.turns, said), (*self._images, *keys))
            for key, picture in zip(keys, pictures, strict=True):
                pixels = self.processor.image_processor(images=[picture], return_tensors="pt")["pixel_values"]
                self._memory.see(key, pixels)
            for piece in self._pieces(encoded):
                shown += piece
                yield piece
            whole = True
        except Exception as error:
            shown = ""
            if isinstance(error, torch.OutOfMemoryError):
                raise UserError("The GPU's memory is full; take a smaller model, or quantise it to 4bit.") from error
            raise
        finally:  # also where nobody reads on
            if whole or shown:
                # A reply that spells a picture's place shows none.
                self.turns = (*self.turns, Turn("assistant", shown.replace(IMAGE, "")))
            else:
                self.turns, self._images, self.left_out = before
            self._memory.keep(self._images)

    def reset(self) -> None:
        """Begin anew: forget all that was said and shown."""
        self.turns, self._images, self.left_out = (), (), 0
        self._memory = ChatMemory(self.model)

    @property
    def context(self) -> int | None:
        """How many tokens the model reads and writes at most; None where it does not say."""
        return getattr(self.model.config.text_config, "max_position_embeddings", None)

    def _asked(self, prompt: str, pictures: int, reply_in: str | None) -> str:
        """What the model is told."""
        # What a terminal could not read as UTF-8, no tokenizer reads.
        prompt = prompt.encode("utf-8", "replace").decode("utf-8")
        check_prompt(prompt)
        places = prompt.count(IMAGE)
        if places not in (0, pictures):
            raise UserError(
                f"The prompt has {places} {IMAGE} for {pictures} pictures; write as many, or none to show them first."
            )
        first = "" if places else f"{IMAGE}\n" * pictures
        return f"{first}{prompt}" + (f"\n{answer_in(reply_in)}" if reply_in else "")

    def _fitted(self, turns: tuple[Turn, ...], images: tuple[str, ...]) -> Encoded:
        """The prompt with as many turns as there is room for; those that go are the oldest, and of them without pictures first."""
        room = None
        if self.context is not None:
            room = self.context - min(self.generation.max_tokens, max(1, int(_REPLY * self.context)))
        while True:
            try:
                encoded = self._tokens.prompt(Conversation("", "", images, turns))
            except UserError as error:
                raise UserError(f"This conversation cannot go on: {error.__cause__ or error}") from error
            if room is None or len(encoded) <= room:
                self.turns, self._images = turns, images
                return encoded
            turns, images = self._shortened(turns, images, len(encoded), room)

    def _shortened(
        self, turns: tuple[Turn, ...], images: tuple[str, ...], length: int, room: int
    ) -> tuple[tuple[Turn, ...], tuple[str, ...]]:
        """A conversation without one of its exchanges."""
        starts = [number for number, turn in enumerate(turns) if turn.role == "user"][:-1]
        if not starts:
            raise UserError(
                f"The prompt and its pictures take {length:,} tokens, and the model reads {room:,} before a reply; say it "
                "shorter or show fewer pictures."
            )
        start = next((number for number in starts if IMAGE not in turns[number].text), starts[0])
        shown = sum(turn.text.count(IMAGE) for turn in turns[:start])
        self.left_out += 1
        gone = shown + turns[start].text.count(IMAGE)
        return turns[:start] + turns[start + 2 :], images[:shown] + images[gone:]

    def _pieces(self, prompt: Encoded) -> Generator[str]:
        """The reply as it may be shown."""
        generation, tokenizer = self.generation, self.processor.tokenizer
        room = generation.max_tokens if self.context is None else self.context - len(prompt)

        def write(streamer: Any, stop: Any) -> list[int]:
            if generation.seed is not None:
                torch.manual_seed(generation.seed)
            options = {**generation.options(room), "stopping_criteria": [stop]}
            # Transformers streams one beam alone.
            return self._memory.write(prompt, options if generation.beams > 1 else {**options, "streamer": streamer})

        def text() -> str:
            # Without what a template leaves between its last word and the reply's first.
            return tokenizer.decode(
                writing.tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
            ).lstrip()

        writing, done = Writing(write), 0
        end = sentences_end if self.safety.texts else shown_end
        for _ in writing.grow():
            so_far = text()
            ready = end(so_far)
            if ready > done:
                self._check(so_far, done, ready)
                yield so_far[done:ready]
                done = ready
        whole = text()
        if len(whole) > done:
            self._check(whole, done, len(whole))
            yield whole[done:]

    def _check(self, text: str, done: int, ready: int) -> None:
        """Refuse what comes next, by itself or after all that came before."""
        self.safety.reply(text[done:ready]).require()
        if done:
            self.safety.reply(text[:ready]).require()
