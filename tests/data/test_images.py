"""Pictures of every kind as pixels: real files, read whole, out of a tar, or not at all."""

import io
import tarfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pytest
from data.small_dataset import image_row
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from isogloss.data.dataset import Dataset
from isogloss.data.images import Pictures, PictureSize, decode, fit, read_bytes
from isogloss.data.tables import IMAGES
from isogloss.data.writing import write_dataset
from isogloss.errors import UserError


def scene(width: int = 13, height: int = 9, seed: int = 0) -> Image.Image:
    """A picture of smooth colours, which no format changes much."""
    chance = np.random.default_rng(seed).integers(0, 256, (3, 2, 3), dtype=np.uint8)
    return Image.fromarray(chance).resize((width, height), Image.Resampling.BILINEAR)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def difference(one: Image.Image, other: Image.Image) -> int:
    assert one.mode == other.mode == "RGB"
    assert one.size == other.size
    return int(np.abs(np.asarray(one, dtype=int) - np.asarray(other, dtype=int)).max())


# Decoding: kinds of files.


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "GIF", "WEBP", "JPEG"])
def test_formats(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    picture = scene() if kind != "GIF" else scene().quantize(64).convert("RGB")
    assert difference(decode(saved(picture, kind, **options), "a.file"), picture) <= (12 if kind == "JPEG" else 0)


def test_cmyk() -> None:
    cyan = saved(Image.new("CMYK", (4, 4), (255, 0, 0, 0)), "JPEG", quality=95)
    red, green, blue = decode(cyan, "cyan.jpg").getpixel((1, 1))  # type: ignore[misc]
    assert red < 10
    assert green > 245
    assert blue > 245


def test_a_transparent_palette_is_laid_on_white() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([200, 10, 20, 0, 0, 0])
    picture.putdata([0, 1])
    found = decode(saved(picture, "PNG", transparency=1), "palette.png")
    assert [found.getpixel((x, 0)) for x in range(2)] == [(200, 10, 20), (255, 255, 255)]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_half_transparent_is_half_white(mode: str) -> None:
    picture = Image.new("RGBA", (3, 1), (100, 100, 100, 0))
    picture.putpixel((1, 0), (100, 100, 100, 128))
    picture.putpixel((2, 0), (100, 100, 100, 255))
    if mode == "PA":
        found = decode(saved(picture.convert("LA"), "TIFF"), "a.tiff")
    else:
        found = decode(saved(picture.convert(mode), "PNG"), "a.png")
    assert [found.getpixel((x, 0)) for x in range(3)] == [(255,) * 3, (177,) * 3, (100,) * 3]


def test_a_transparent_colour_of_a_true_colour_picture_is_white() -> None:
    picture = Image.new("RGB", (2, 1), (1, 2, 3))
    picture.putpixel((1, 0), (9, 9, 9))
    found = decode(saved(picture, "PNG", transparency=(1, 2, 3)), "keyed.png")
    assert [found.getpixel((x, 0)) for x in range(2)] == [(255, 255, 255), (9, 9, 9)]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_to_eight(kind: str) -> None:
    levels = np.array([[0, 255, 256, 32768, 65535]], dtype=np.uint16)
    found = decode(saved(Image.fromarray(levels), kind), "deep.png")
    assert np.asarray(found)[0].tolist() == [[0] * 3, [0] * 3, [1] * 3, [128] * 3, [255] * 3]


def test_sixteen_bits_of_a_portable_graymap_are_scaled_to_eight() -> None:
    content = b"P5 3 1 65535\n" + np.array([0, 32768, 65535], dtype=">u2").tobytes()
    assert np.asarray(decode(content, "deep.pgm"))[0].tolist() == [[0] * 3, [128] * 3, [255] * 3]


def test_black_and_white() -> None:
    picture = Image.new("1", (2, 1))
    picture.putpixel((1, 0), 1)
    assert np.asarray(decode(saved(picture, "PNG"), "a.png"))[0].tolist() == [[0] * 3, [255] * 3]


def test_an_animation_is_its_first_frame() -> None:
    frames = [Image.new("P", (4, 4), number) for number in (0, 1, 2)]
    for frame in frames:
        frame.putpalette([250, 0, 0, 0, 250, 0, 0, 0, 250])
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(content, "moving.gif").getpixel((0, 0)) == (250, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photograph_stands_upright(orientation: int) -> None:
    upright = scene()
    # How a camera stores it (EXIF 2.32, tag 274): the inverse of what a viewer does.
    stored = {
        1: lambda picture: picture,
        2: lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
        4: lambda picture: picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda picture: picture.transpose(Image.Transpose.TRANSPOSE),
        6: lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
        7: lambda picture: picture.transpose(Image.Transpose.TRANSVERSE),
        8: lambda picture: picture.transpose(Image.Transpose.ROTATE_270),
    }[orientation](upright)
    exif = Image.Exif()
    exif[274] = orientation
    assert difference(decode(saved(stored, "PNG", exif=exif), "photo.png"), upright) == 0


# Decoding: what is no picture.

REAL = {
    "PNG": saved(scene(), "PNG"),
    "JPEG": saved(scene(), "JPEG"),
    "GIF": saved(scene(), "GIF"),
    "WEBP": saved(scene(), "WEBP"),
    "TIFF": saved(scene(), "TIFF"),
    "BMP": saved(scene(), "BMP"),
}


def chunk(kind: bytes, content: bytes) -> bytes:
    """Of a PNG."""
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


# A few bytes that claim to be 100,000 × 100,000 pixels.
BOMB = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", (100_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00")
    + chunk(b"IDAT", zlib.compress(b"\x00" * 100))
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no format that is known"),
        (b"this is text", "no format that is known"),
        (saved(scene(64, 64), "JPEG")[:-100], "truncated"),
        (REAL["PNG"][:60], "truncated"),
        (BOMB, "decompression bomb|exceeds limit"),
    ],
    ids=["zero bytes", "text", "half a JPEG", "half a PNG", "a bomb"],
)
def test_what_is_no_picture_is_told_by_name(content: bytes, why: str) -> None:
    with pytest.raises(UserError, match=rf"^here/x\.jpg is not a picture that can be decoded \(.*({why})"):
        decode(content, "here/x.jpg")


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damage that it reads past
@given(st.sampled_from(sorted(REAL)), st.data())
def test_damage_of_any_kind_is_a_picture_or_a_user_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(REAL[kind])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    with suppress(UserError):
        assert decode(bytes(content), "x").mode == "RGB"


# Reading.


def test_a_part_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    assert read_bytes(str(tmp_path / "a"), 3, 4) == b"3456"
    assert read_bytes(str(tmp_path / "a"), 0, 10) == b"0123456789"


def test_a_remote_file() -> None:
    with fsspec.open("memory://pictures/a", "wb") as file:
        file.write(b"0123456789")
    assert read_bytes("memory://pictures/a", 2, 3) == b"234"
    with pytest.raises(UserError, match="memory://pictures/b cannot be read"):
        read_bytes("memory://pictures/b", 0, 1)


def test_what_cannot_be_read_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"0123")
    (tmp_path / "empty").touch()
    for location, message in {
        tmp_path / "none.jpg": r"none\.jpg cannot be read \(No such file or directory\); restore the file",
        tmp_path: r"cannot be read \(Is a directory\)",
        tmp_path / "short": "short ends after 3 of 4 bytes at offset 1; restore the file",
        tmp_path / "empty": "empty ends after 0 of 4 bytes at offset 1",
        "nosuch://bucket/a.jpg": r"nosuch://bucket/a\.jpg cannot be read \(.*nosuch",
    }.items():
        with pytest.raises(UserError, match=message):
            read_bytes(str(location), 1, 4)


# Fitting.


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 12), st.booleans())
def test_any_shape_becomes_a_square(width: int, height: int, side: int, keep_shape: bool) -> None:
    colour = (10, 200, 90)
    found = fit(Image.new("RGB", (width, height), colour), PictureSize(side, side + 2, keep_shape))
    assert found.size == (side, side)
    assert np.unique(np.asarray(found).reshape(-1, 3), axis=0).tolist() == [list(colour)]


def test_the_centre_is_cut_or_the_whole_is_squeezed() -> None:
    stripes = np.zeros((10, 30, 3), dtype=np.uint8)
    stripes[:, 10:20] = 255
    cut = fit(Image.fromarray(stripes), PictureSize(10, 10))
    assert np.asarray(cut).min() == 255
    squeezed = np.asarray(fit(Image.fromarray(stripes), PictureSize(9, 9, False, Image.Resampling.BOX)))
    assert squeezed[0, :, 0].tolist() == [0] * 3 + [255] * 3 + [0] * 3


def test_a_very_long_picture_is_fitted_at_once() -> None:
    """Resizing the whole of it first would take a picture of 224 × 11,200,000 pixels."""
    assert fit(Image.new("RGB", (1, 50_000), "white"), PictureSize(224, 224)).size == (224, 224)


# The pictures of a split.

Write = Callable[..., Dataset]


def colours(count: int) -> list[bytes]:
    return [saved(Image.new("RGB", (6, 4), (10 * number, 80, 40)), "PNG") for number in range(count)]


def dataset_of(root: Path, rows: list[dict[str, object]], files: dict[str, bytes]) -> Dataset:
    return write_dataset(
        root,
        name="pictures",
        description="",
        licence="CC0-1.0",
        sources=[],
        images=pa.Table.from_pylist(rows, schema=IMAGES),
        captions={},
        notes={},
        files=files.items(),
    )


@pytest.fixture
def loose(tmp_path: Path) -> Dataset:
    """Five pictures, a file each."""
    files = {f"images/{number}.png": content for number, content in enumerate(colours(5))}
    rows = [image_row(str(n), "train", content, file) for n, (file, content) in enumerate(files.items())]
    return dataset_of(tmp_path / "loose", rows, files)


@pytest.fixture
def packed(tmp_path: Path) -> Dataset:
    """The same, as members of an uncompressed tar outside of the folder, as WebDataset has them."""
    path = tmp_path / "shard-000.tar"
    with tarfile.open(path, "w") as tar:
        for number, content in enumerate(colours(5)):
            for name, part in ((f"{number}.txt", b"a caption"), (f"{number}.png", content)):
                member = tarfile.TarInfo(name)
                member.size = len(part)
                tar.addfile(member, io.BytesIO(part))
    with tarfile.open(path) as tar:
        rows = [
            image_row(str(number), "train", content, str(path), tar.getmember(f"{number}.png").offset_data)
            for number, content in enumerate(colours(5))
        ]
    return dataset_of(tmp_path / "packed", rows, {})


def pictures_of(dataset: Dataset, **options: object) -> Pictures:
    return Pictures(dataset, dataset.split("train", ()), PictureSize(3, 3), **options)


@pytest.mark.parametrize("options", [{}, {"keep": True}, {"threads": 3}, {"keep": True, "threads": 3}])
@pytest.mark.parametrize("kind", ["loose", "packed"])
def test_rows_in_any_order(kind: str, options: dict[str, object], request: pytest.FixtureRequest) -> None:
    pictures = pictures_of(request.getfixturevalue(kind), **options)
    assert len(pictures) == 5
    for rows in ([4, 0, 2], [1], [3, 3, 0, 1, 2, 4]):
        pixels = pictures.batch(np.array(rows))
        assert pixels.dtype == np.uint8
        assert pixels.shape == (len(rows), 3, 3, 3)
        assert pixels[:, 0].reshape(len(rows), -1).tolist() == [[10 * row] * 9 for row in rows]
        assert (pixels[:, 1:] == np.array([80, 40]).reshape(1, 2, 1, 1)).all()


def test_kept_pictures_are_read_once_and_others_anew(loose: Dataset) -> None:
    kept, anew = pictures_of(loose, keep=True), pictures_of(loose)
    before = kept.batch(np.array([2]))
    anew.batch(np.array([2]))
    (loose.root / "images/2.png").unlink()
    assert np.array_equal(kept.batch(np.array([2])), before)
    with pytest.raises(UserError, match=r"images/2\.png cannot be read"):
        anew.batch(np.array([2]))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_damaged_picture_is_named(loose: Dataset, threads: int) -> None:
    path = loose.root / "images/3.png"
    path.write_bytes(path.read_bytes()[:-30] + b"\x00" * 30)
    pictures = pictures_of(loose, threads=threads)
    assert len(pictures.batch(np.array([0, 1, 2, 4]))) == 4
    with pytest.raises(UserError, match=r"images/3\.png is not a picture that can be decoded"):
        pictures.batch(np.array([0, 3]))
