"""Chat models built of what is on the disk, and what a user is told of parts that do not fit."""

from pathlib import Path
from typing import Any

import pytest
from models.conftest import Build, Saved
from models.tiny_chat import read, save_writer
from models.tiny_towers import TEXTS
from transformers import AutoModelForCausalLM, AutoProcessor, AutoTokenizer

from isogloss.data.conversations import IMAGE
from isogloss.errors import UserError
from isogloss.models.chat_building import build_chat
from isogloss.models.connector import Connector
from isogloss.models.tokenizer import train_tokenizer
from isogloss.models.tower import Tower

SMALL: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "intermediate_size": 24,
}


@pytest.fixture
def writer(tmp_path: Path) -> Tower:
    return Tower(model=str(save_writer(tmp_path / "llama", "llama")))


def test_weights_that_were_there_stay_as_they_were(vit: Tower, writer: Tower) -> None:
    """To the bit, though the vocabulary grows by the token of pictures."""
    model, processor = build_chat(vit, writer, Connector())
    there = AutoModelForCausalLM.from_pretrained(writer.model)
    for name, value in there.state_dict().items():
        ours = model.language_model.state_dict()[name]
        assert ours[: len(value)].equal(value)
        assert len(ours) - len(value) == (1 if "embed_tokens" in name or "lm_head" in name else 0)
    assert model.config.image_token_id == processor.tokenizer.convert_tokens_to_ids(IMAGE) == there.config.vocab_size
    assert model.config.text_config.vocab_size == there.config.vocab_size + 1
    assert processor.tokenizer.pad_token == processor.tokenizer.eos_token  # Llama's has none of its own


def test_a_vocabulary_with_room_does_not_grow(vit: Tower, tmp_path: Path) -> None:
    """As of Qwen3, which embeds more tokens than its tokenizer has."""
    folder = save_writer(tmp_path / "qwen3", "qwen3")
    there: Any = AutoModelForCausalLM.from_pretrained(folder)
    there.resize_token_embeddings(64, mean_resizing=False)
    there.save_pretrained(folder)
    model, processor = build_chat(vit, Tower(model=str(folder)), Connector())
    assert model.config.text_config.vocab_size == 64
    assert model.config.image_token_id == len(processor.tokenizer) - 1
    assert model.get_input_embeddings().weight.equal(there.get_input_embeddings().weight)


def test_an_image_token_that_is_there_is_taken(vit: Tower, tmp_path: Path) -> None:
    folder = save_writer(tmp_path / "llama", "llama")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens([IMAGE, "later"], special_tokens=True)
    tokenizer.save_pretrained(folder)
    there: Any = AutoModelForCausalLM.from_pretrained(folder)
    there.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    there.save_pretrained(folder)
    model, processor = build_chat(vit, Tower(model=str(folder)), Connector())
    assert model.config.image_token_id == len(processor.tokenizer) - 2
    assert model(**read(processor, ["a cat <image>"])).logits.isfinite().all()


def test_the_vision_half_of_our_own_dual_encoder(built: Build, writer: Tower, tmp_path: Path) -> None:
    """A finished run's folder: its vision tower, to the bit, and its way of reading pictures."""
    dual, processor = built("vit", "xlm-roberta")
    dual.save_pretrained(tmp_path / "run")
    processor.save_pretrained(tmp_path / "run")  # type: ignore[attr-defined]
    model, ours = build_chat(Tower(model=str(tmp_path / "run")), writer, Connector())
    for name, value in model.vision_tower.state_dict().items():
        assert value.equal(dual.vision_model.state_dict()[name])
    assert ours.image_processor.to_dict() == processor.image_processor.to_dict()  # type: ignore[attr-defined]


def test_random_weights_by_configs(tmp_path: Path) -> None:
    train_tokenizer(TEXTS, 60, 64).save_pretrained(tmp_path / "tokenizer")
    seeing: dict[str, Any] = {"model_type": "vit", "image_size": 32, "patch_size": 8}
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    language_model = Tower(config=SMALL, tokenizer=str(tmp_path / "tokenizer"))
    model, processor = build_chat(Tower(config={**seeing, **sizes}), language_model, Connector("resampler", queries=4))
    assert model.config.text_config.vocab_size == len(processor.tokenizer)
    assert model.generation_config.eos_token_id == processor.tokenizer.eos_token_id
    assert (model.config.sight["side"], model.config.features, model.config.visual_tokens) == (32, (16, 16), 4)
    for value in model.multi_modal_projector.parameters():
        assert value.isfinite().all()
    assert model.multi_modal_projector.query.std() > 0
    assert model(**read(processor, ["a cat <image>"])).logits.isfinite().all()


def test_a_template_of_ones_own(vit: Tower, writer: Tower, tmp_path: Path) -> None:
    (tmp_path / "mine.jinja").write_text(
        "{% for message in messages %}{{ message.content }}</s>{% endfor %}", encoding="utf-8"
    )
    _, processor = build_chat(vit, writer, Connector(), chat_template=str(tmp_path / "mine.jinja"))
    part: list[dict[str, str]] = [{"type": "text", "text": "a cat"}, {"type": "image"}]
    assert processor.apply_chat_template([{"role": "user", "content": part}]) == "a cat<image>\n</s>"
    with pytest.raises(UserError, match="cannot be read"):
        build_chat(vit, writer, Connector(), chat_template=str(tmp_path / "nowhere.jinja"))


def told(vision: Tower, language_model: Tower, connector: Connector | None = None, **options: Any) -> str:
    with pytest.raises(UserError) as error:
        build_chat(vision, language_model, connector or Connector(), **options)
    return str(error.value)


def test_what_is_absent_or_of_another_kind(vit: Tower, roberta: Tower, writer: Tower, saved: Saved) -> None:
    assert "'nobody/nothing' is no folder here and neither in the local cache nor reachable" in told(
        Tower(model="nobody/nothing"), writer
    )
    sentence = told(vit, Tower(model="nobody/nothing"))
    assert sentence.startswith("The tokenizer 'nobody/nothing' is no folder here")
    assert "hf download" in sentence
    assert "it reads input_ids, and a vision tower reads pixel_values" in told(writer, writer)
    assert "since a siglip_text_model does not write" in told(vit, Tower(model=str(saved("siglip_text_model"))))
    assert "lacks 1 of its saved weights, the first of them lm_head.weight" in told(
        vit, Tower(model=str(saved("llama")))
    )
    assert "A vision tower reads no text" in told(Tower(model=vit.model, tokenizer="x"), writer)
    assert "needs a tokenizer; set language_model.tokenizer" in told(vit, Tower(config=SMALL))
    assert "There is no field of a qwen3 config 'nothing'" in told(
        vit, Tower(config={**SMALL, "nothing": 1}, tokenizer=writer.model)
    )
    assert "makes no model" in told(
        vit, Tower(config={**SMALL, "num_key_value_heads": 3, "num_attention_heads": -1}, tokenizer=writer.model)
    )


def test_what_does_not_fit(vit: Tower, writer: Tower, saved: Saved) -> None:
    assert "has no hidden states of layer 7" in told(vit, writer, vision_feature_layer=7)
    assert "There is no vision_feature_select_strategy 'all'; choose one of default, full, patches." in told(
        vit, writer, vision_feature_select_strategy="all"
    )
    assert told(vit, writer, image_size=24) == (
        "The vision tower takes pictures of 16 pixels, not 24; set image_size to 16."
    )
    reducing = Connector(reduction="average", factor=3)
    assert "choose a factor that divides 2" in told(vit, writer, reducing)
    assert "this tower gives 5 states" in told(vit, writer, reducing, vision_feature_select_strategy="full")
    recurrent: dict[str, Any] = {"model_type": "mamba", "hidden_size": 16, "num_hidden_layers": 1, "state_size": 4}
    assert "The language model 'mamba' cannot read several conversations in one row" in told(
        vit, Tower(config=recurrent, tokenizer=writer.model)
    )


def test_a_template_that_asks_for_thoughts_is_saved_as_one_that_does_not(
    vit: Tower, writer: Tower, tmp_path: Path
) -> None:
    (tmp_path / "thinking.jinja").write_text(
        "{% for message in messages %}<s>{{ message.content }}</s>{% endfor %}"
        "{% if add_generation_prompt %}<s>{{ '[]' if enable_thinking is defined and not enable_thinking }}{% endif %}",
        encoding="utf-8",
    )
    _, processor = build_chat(vit, writer, Connector(), chat_template=str(tmp_path / "thinking.jinja"))
    processor.save_pretrained(tmp_path / "saved")
    asked = [{"role": "user", "content": "a cat"}]
    said = [*asked, {"role": "assistant", "content": "a dog"}, *asked]
    for saved in (AutoProcessor.from_pretrained(tmp_path / "saved"), AutoTokenizer.from_pretrained(tmp_path / "saved")):
        prompt = saved.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
        assert prompt == "<s>a cat</s><s>[]"
        longer = saved.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
        assert longer == f"{prompt}a dog</s><s>a cat</s><s>[]"


def test_tokens_that_collide(vit: Tower, tmp_path: Path) -> None:
    folder = save_writer(tmp_path / "llama", "llama")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["more", "words", "than", "embedded"])
    tokenizer.save_pretrained(folder)
    assert (
        "tokens and the language model embeds 32; give a language model and a tokenizer that belong together."
        in told(vit, Tower(model=str(folder)))
    )
    tokenizer = AutoTokenizer.from_pretrained(save_writer(tmp_path / "other", "llama"))
    tokenizer.add_special_tokens({"pad_token": IMAGE})
    tokenizer.save_pretrained(tmp_path / "other")
    assert f"numbers {IMAGE} 32, which is its pad_token too" in told(vit, Tower(model=str(tmp_path / "other")))
    tokenizer = train_tokenizer(TEXTS, 60, 64)
    tokenizer.pad_token = tokenizer.eos_token = tokenizer.unk_token = None
    tokenizer.save_pretrained(tmp_path / "bare")
    assert "has no token to pad with" in told(vit, Tower(config=SMALL, tokenizer=str(tmp_path / "bare")))
