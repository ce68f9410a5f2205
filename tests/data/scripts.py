"""A dataset with captions in many scripts, with gaps, translations, scores, and things left out."""

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from data.small_dataset import image_row
from PIL import Image

from isogloss.data.dataset import Dataset
from isogloss.data.tables import CAPTIONS, IMAGES
from isogloss.data.writing import write_dataset

COLOURS = {
    "am": "ቀይ ውሻ በባህር ዳርቻ ላይ ይሮጣል",
    "ar": "كلب أحمر يركض على الشاطئ",
    "bn": "একটি লাল কুকুর সৈকতে দৌড়াচ্ছে",
    "en": "A red dog runs along the beach <b>&amp;</b> barks",
    "es": "Un perro rojo corre por la playa",
    "fa": "سگ قرمزی کنار ساحل می‌دود",
    "hi": "एक लाल कुत्ता समुद्र तट पर दौड़ रहा है",
    "ja": "赤い犬が浜辺を走っている",
    "ko": "빨간 개가 해변을 달린다",
    "qaa": "tako suri",
    "ta": "ஒரு சிவப்பு நாய் கடற்கரையில் ஓடுகிறது",
    "th": "สุนัขสีแดงวิ่งไปตามชายหาด",
    "ur": "ایک سرخ کتا ساحل پر دوڑ رہا ہے",
    "zh": "一只红色的狗在海滩上奔跑",
}
TRANSLATED = ("bn", "ta", "ur")
PICTURES = 40


def picture(number: int) -> bytes:
    buffer = io.BytesIO()
    size = (300, 200) if number % 3 else (180, 320)
    colour = (40 + number * 5, 200 - number * 4, 90 + number * 17 % 160)
    image = Image.new("RGB", size, colour)
    image.paste((245, 240, 230), (30 + number, 40, 120 + number, 130))
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def build(root: Path) -> Dataset:
    contents = [picture(number) for number in range(PICTURES)]
    split = ["train", "train", "train", "test"]
    rows: list[dict[str, Any]] = []
    for number, content in enumerate(contents):
        with Image.open(io.BytesIO(content)) as opened:
            size = {"width": opened.width, "height": opened.height}
        rows.append({**image_row(f"{number:03}", split[number % 4], content, f"images/{number:03}.jpg"), **size})
    captions: dict[str, pa.Table] = {}
    for place, (tag, text) in enumerate(COLOURS.items()):
        told = [number for number in range(PICTURES) if number % (1 + place % 4) == 0]
        captions[tag] = pa.Table.from_pylist(
            [
                {
                    "key": f"{number:03}",
                    "text": " ".join([text] * (1 + number % 3)),
                    "source": "engine:small" if tag in TRANSLATED else "human",
                    "score": number / PICTURES if tag in TRANSLATED else None,
                    "original": 0 if tag in TRANSLATED else None,
                }
                for number in told
            ],
            schema=CAPTIONS,
        )
    dataset = write_dataset(
        root,
        name="Dogs in many scripts",
        description="Forty pictures, made up.",
        licence="CC0-1.0",
        sources=[{"name": "made up", "version": "1", "url": "https://example.org/dogs", "licence": "CC0-1.0"}],
        images=pa.Table.from_pylist(rows, schema=IMAGES),
        captions=captions,
        notes={"left out": {"too small": 3}},
        files=((f"images/{number:03}.jpg", content) for number, content in enumerate(contents)),
    )
    rejected(
        dataset.root / "rejected" / "bn.parquet",
        [("engine:small", "copy of the source")] * 3 + [("engine:small", "loop")],
    )
    pq.write_table(
        pa.table({"key": ["x"], "file": ["t.csv"], "language": ["hi"], "text": ["y"], "reason": ["unknown picture"]}),
        made(dataset.root / "rejected" / "added" / "hi.parquet"),
    )
    pq.write_table(
        pa.table({"reason": ["missing picture", "missing picture", "zero bytes"]}), root / "rejected.parquet"
    )
    return dataset


def rejected(path: Path, rows: list[tuple[str, str]]) -> None:
    count = len(rows)
    table = {"key": ["000"] * count, "text": ["a"] * count, "translation": ["a"] * count}
    table |= {"source": [source for source, _ in rows], "reason": [reason for _, reason in rows]}
    pq.write_table(pa.table(table), made(path))


def made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
