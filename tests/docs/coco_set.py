"""A set of pictures in the format of COCO, with Karpathy's split file, towers that read it, and a table of translations."""

import json
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from transformers import AutoConfig, AutoModel
from transformers.models.vit import ViTImageProcessorPil

from isogloss.models.tokenizer import train_tokenizer

# What is seen, and where: whole phrases, because languages join them in orders of their own.
SEEN = {
    "en": ("a dog is sleeping", "a cat is sitting", "two children are playing", "a woman is reading a book"),
    "ja": ("犬が眠っています", "猫が座っています", "二人の子供が遊んでいます", "女性が本を読んでいます"),
    "hi": ("एक कुत्ता सो रहा है", "एक बिल्ली बैठी है", "दो बच्चे खेल रहे हैं", "एक औरत किताब पढ़ रही है"),
    "de": ("ein Hund schläft", "eine Katze sitzt", "zwei Kinder spielen", "eine Frau liest ein Buch"),
    "fr": ("un chien dort", "un chat est assis", "deux enfants jouent", "une femme lit un livre"),
    "zh": ("一只狗在睡觉", "一只猫坐着", "两个孩子在玩耍", "一个女人在看书"),
    "bn": ("একটি কুকুর ঘুমাচ্ছে", "একটি বিড়াল বসে আছে", "দুটি শিশু খেলছে", "একজন মহিলা বই পড়ছেন"),
}
PLACES = {
    "en": ("on the beach", "in the kitchen", "in front of the house", "under a big tree"),
    "ja": ("浜辺で", "台所で", "家の前で", "大きな木の下で"),
    "hi": ("समुद्र तट पर", "रसोई में", "घर के सामने", "एक बड़े पेड़ के नीचे"),
    "de": ("am Strand", "in der Küche", "vor dem Haus", "unter einem großen Baum"),
    "fr": ("sur la plage", "dans la cuisine", "devant la maison", "sous un grand arbre"),
    "zh": ("在海滩上", "在厨房里", "在房子前面", "在一棵大树下"),
    "bn": ("সৈকতে", "রান্নাঘরে", "বাড়ির সামনে", "একটি বড় গাছের নিচে"),
}
# These name the place first.
PLACE_FIRST = {"ja", "hi", "zh", "bn"}
# Pictures of each split; validation and test hold what training has too, in other colours.
SPLITS = {"train": 16, "restval": 8, "val": 8, "test": 8}


def caption(language: str, seen: int, place: int) -> str:
    parts = [SEEN[language][seen], PLACES[language][place]]
    joined = " ".join(reversed(parts) if language in PLACE_FIRST else parts)
    return joined.replace(" ", "") if language in ("ja", "zh") else joined


def write_coco(folder: Path) -> None:
    """COCO/train2014, COCO/val2014 and COCO/dataset_coco.json, two captions a picture."""
    meanings = list(product(range(4), range(4)))
    images = []
    for number, split in enumerate(split for split, count in SPLITS.items() for _ in range(count)):
        part = "train2014" if split == "train" else "val2014"
        name = f"COCO_{part}_{number + 1:012d}.jpg"
        (folder / part).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), (6 * number, 90, 200 - 4 * number)).save(folder / part / name)
        told = [meanings[number % 16], meanings[(number + 5) % 16]]
        sentences = [{"raw": f"{caption('en', *each).capitalize()} .", "sentid": number} for each in told]
        images.append(
            {"filepath": part, "filename": name, "cocoid": number + 1, "split": split, "sentences": sentences}
        )
    (folder / "dataset_coco.json").write_text(json.dumps({"dataset": "coco", "images": images}), encoding="utf-8")


def write_translations(file: Path, english: list[str]) -> None:
    """A table of translations of captions as the dataset has them, into all languages but Spanish."""
    by_text = {caption("en", *each): each for each in product(range(4), range(4))}
    meanings = [by_text[text.lower().rstrip(" .")] for text in english]
    columns = {"en": english} | {tag: [caption(tag, *meaning) for meaning in meanings] for tag in SEEN if tag != "en"}
    pq.write_table(pa.table(columns), file)


def write_towers(folder: Path) -> None:
    """A vision tower and a text tower, tiny and with random weights, as the Hub would hand them out."""
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    vision, text = folder / "vit", folder / "xlm-r"
    AutoModel.from_config(AutoConfig.for_model("vit", image_size=16, patch_size=8, **shape)).save_pretrained(vision)
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(vision)
    texts = [phrase for phrases in (SEEN, PLACES) for told in phrases.values() for phrase in told]
    tokenizer = train_tokenizer(texts, vocabulary=400, tokens=64)
    tokenizer.save_pretrained(text)
    places = {"max_position_embeddings": 66, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    AutoModel.from_config(AutoConfig.for_model("xlm-roberta", **shape, **places)).save_pretrained(text)
