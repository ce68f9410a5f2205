"""The peer of `chat_step.py`: a LLaVA trained as its authors do, with Transformers' own class, `Trainer` and padding.

Nothing of isogloss is in it. A conversation is read when it is its turn, turn by turn, and what the assistant says is learnt;
its picture is opened then too. A batch is padded to its longest conversation.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset
from transformers import AutoProcessor, LlavaForConditionalGeneration, Trainer, TrainerCallback, TrainingArguments

IGNORED = -100


@dataclass(frozen=True)
class Settings:
    """What both sides agree on.

    Args:
        steps: that the schedule of the learning rate is made for.
        conversations: of a step.
        frozen: the beginnings of the names of parameters that stay as they are.
        learning_rate, weight_decay, betas, epsilon, warmup, largest_gradient: of AdamW and its schedule.
        bfloat16: whether the model computes in it.
    """

    steps: int
    conversations: int
    frozen: tuple[str, ...]
    learning_rate: float
    weight_decay: float
    betas: tuple[float, float]
    epsilon: float
    warmup: float
    largest_gradient: float
    bfloat16: bool


@dataclass(frozen=True)
class Talk:
    """Turns, each who speaks and what, about the picture that lies in a file at some bytes."""

    turns: Sequence[tuple[str, str]]
    file: Path
    offset: int
    length: int


class Talks(Dataset[dict[str, Any]]):
    """Conversations as token numbers, labels and an opened picture.

    Args:
        visual_tokens: of a picture.
    """

    def __init__(self, talks: Sequence[Talk], processor: Any, visual_tokens: int) -> None:
        self.talks, self.tokenizer, self.image_token = talks, processor.tokenizer, processor.image_token
        self.visual_tokens = visual_tokens

    def __len__(self) -> int:
        return len(self.talks)

    def __getitem__(self, number: int) -> dict[str, Any]:
        talk = self.talks[number]
        ids: list[int] = []
        labels: list[int] = []
        for speaker, text in talk.turns:
            text = text.replace(self.image_token, self.image_token * self.visual_tokens)
            for piece, learnt in ((f"<|{speaker}|>", False), (f"{text}<|end|>", speaker == "assistant")):
                read = self.tokenizer(piece, add_special_tokens=False)["input_ids"]
                ids += read
                labels += read if learnt else [IGNORED] * len(read)
        with talk.file.open("rb") as file:
            file.seek(talk.offset)
            picture = Image.open(io.BytesIO(file.read(talk.length))).convert("RGB")
        return {"input_ids": ids, "labels": labels, "picture": picture}


@dataclass
class Collate:
    """From read conversations to padded tensors.

    learnt: tokens of loss of each batch so far.
    """

    processor: Any
    learnt: list[int]

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        ids = [torch.tensor(row["input_ids"]) for row in rows]
        labels = [torch.tensor(row["labels"]) for row in rows]
        self.learnt.append(sum(int((one[1:] != IGNORED).sum()) for one in labels))
        pictures = self.processor.image_processor([row["picture"] for row in rows], return_tensors="pt")
        return {
            "input_ids": pad_sequence(ids, batch_first=True, padding_value=self.processor.tokenizer.pad_token_id),
            "attention_mask": pad_sequence([torch.ones_like(one) for one in ids], batch_first=True),
            "labels": pad_sequence(labels, batch_first=True, padding_value=IGNORED),
            "pixel_values": pictures["pixel_values"],
        }


def open_peer(folder: Path, frozen: Sequence[str]) -> tuple[Any, Any]:
    """The model, of which some parameters are frozen, and its processor."""
    model: Any = LlavaForConditionalGeneration.from_pretrained(folder)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.removeprefix("model.").startswith(tuple(frozen)))
    return model, AutoProcessor.from_pretrained(folder)


def train(folder: Path, output: Path, talks: Sequence[Talk], settings: Settings, callback: Any, grouped: bool) -> None:
    """Train as a script of Transformers does.

    Args:
        folder: of the model.
        output: a folder for what the trainer may write.
        talks: conversations, the first steps' first.
        callback: told of each step with the tokens of loss that it had, until it raises something.
        grouped: batches of like length in an order of its own, as LLaVA's instruction stage has them.
    """
    model, processor = open_peer(folder, settings.frozen)
    collate = Collate(processor, [])

    class Told(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            callback(None)

        def on_step_end(self, args: Any, state: Any, *_: Any, **__: Any) -> None:
            callback(collate.learnt[state.global_step - 1])

    trainer: Any = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(output),
            max_steps=settings.steps,
            per_device_train_batch_size=settings.conversations,
            train_sampling_strategy="group_by_length" if grouped else "sequential",
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            adam_beta1=settings.betas[0],
            adam_beta2=settings.betas[1],
            adam_epsilon=settings.epsilon,
            max_grad_norm=settings.largest_gradient,
            lr_scheduler_type="cosine",
            warmup_steps=round(settings.warmup * settings.steps),
            bf16=settings.bfloat16,
            use_cpu=not torch.cuda.is_available(),
            remove_unused_columns=False,
            save_strategy="no",
            logging_steps=10,
            disable_tqdm=True,
            report_to="none",
        ),
        train_dataset=Talks(talks, processor, model.config.image_seq_length),
        data_collator=collate,
        callbacks=[Told()],
        processing_class=processor.tokenizer,
    )
    trainer.train()
