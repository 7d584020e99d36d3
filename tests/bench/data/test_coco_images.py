from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from coco_files import HEIGHT, WIDTH, content, write_coco
from PIL import Image

from bench.data.coco import dataset as coco
from bench.data.photographs import Photographs
from bench.problem import Problem


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., Photographs]:
    """Return a function that puts an image of any kind in the place of image 7."""

    def put(image: Image.Image, name: str, **options: object) -> Photographs:
        given = content()
        given["images"][0]["file_name"] = name
        root = write_coco(tmp_path, train=given)
        image.save(root / "train2017" / name, **options)
        return coco.open_split(root, "train")

    return put


# Saved and read again by JPEG, flat colours come back within a few levels.
@pytest.mark.parametrize(
    ("mode", "colour", "name", "expected"),
    [
        ("RGB", (200, 100, 50), "a.png", (200, 100, 50)),
        ("RGB", (200, 100, 50), "a.jpg", (200, 100, 50)),
        ("L", 90, "a.jpg", (90, 90, 90)),
        ("1", 1, "a.png", (255, 255, 255)),
        ("RGBA", (10, 20, 30, 0), "a.png", (10, 20, 30)),
        # Cyan ink takes the red away, black ink half of what is left.
        ("CMYK", (255, 0, 0, 128), "a.jpg", (0, 127, 127)),
    ],
)
def test_every_colour_mode_becomes_rgb(
    store: Callable[..., Photographs],
    mode: str,
    colour: int | tuple[int, ...],
    name: str,
    expected: tuple[int, int, int],
) -> None:
    pixels = store(Image.new(mode, (WIDTH, HEIGHT), colour), name).image(0).float()
    assert tuple(pixels.shape) == (3, HEIGHT, WIDTH)
    for channel, level in zip(pixels, expected, strict=True):
        assert (channel - level).abs().max() <= 3


def test_a_palette_becomes_its_colours(store: Callable[..., Photographs]) -> None:
    image = Image.new("P", (WIDTH, HEIGHT), 1)
    image.putpalette([0, 0, 0, 12, 34, 56])
    assert store(image, "a.png").image(0)[:, 0, 0].tolist() == [12, 34, 56]


def test_rows_columns_and_channels_are_where_they_belong(
    store: Callable[..., Photographs],
) -> None:
    stored = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels = store(Image.fromarray(stored), "a.png").image(0)
    assert pixels[2, 4, 9].item() == stored[4, 9, 2]
    assert np.array_equal(pixels.numpy(), stored.transpose(2, 0, 1))
    assert pixels.is_contiguous()


def test_an_exif_rotation_is_not_applied(store: Callable[..., Photographs]) -> None:
    image = Image.new("RGB", (WIDTH, HEIGHT))
    image.paste((255, 255, 255), (0, 0, WIDTH // 2, HEIGHT))
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees to view
    pixels = store(image, "a.jpg", exif=exif).image(0)
    assert tuple(pixels.shape) == (3, HEIGHT, WIDTH)
    assert pixels[:, :, : WIDTH // 2 - 8].min() > 240
    assert pixels[:, :, WIDTH // 2 + 8 :].max() < 15


@pytest.mark.parametrize("keep", [0, 3, 60, 0.5, 0.98])
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_torn_image_is_a_problem(
    store: Callable[..., Photographs], name: str, keep: float
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    images = store(Image.fromarray(noise), name)
    path = images.folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if 0 < keep < 1 else int(keep)])
    with pytest.raises(Problem, match=rf"{name}: image 7 cannot be decoded"):
        images.image(0)


def test_another_size_than_annotated_is_a_problem(store: Callable[..., Photographs]) -> None:
    images = store(Image.new("RGB", (HEIGHT, WIDTH)), "a.png")
    with pytest.raises(Problem, match=r"a\.png: image 7 is 30x40 .* says 40x30"):
        images.image(0)
