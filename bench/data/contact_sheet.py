"""Pictures of a data set's people with their joints and limbs, on one sheet, for the eye."""

import math
from pathlib import Path
from typing import Final

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from bench.data.contract import PoseDataset, Target
from models.skeleton import Skeleton

_TILE: Final = 240  # pixels; the longer side of an image on the sheet
_COLUMNS: Final = 6
# Okabe and Ito's colours, told apart by everyone: a swap of left and right must leap to the eye.
_LEFT, _RIGHT, _MIDDLE = "#56b4e9", "#e69f00", "#f0e442"
_BOX, _HEAD, _HIDDEN = "#ffffff", "#009e73", "#000000"


def draw_sheet(path: Path, images: PoseDataset, chosen: list[int]) -> None:
    """Write a sheet of the images ``chosen``.

    Limbs and joints of the left side are blue, of the right orange, others yellow; hidden joints
    have a black middle. Boxes are white, head boxes green, ignored regions black; crowds are
    crossed out.

    Raises:
        Problem: an image cannot be decoded.
        OSError: the sheet cannot be written.
    """
    columns = min(_COLUMNS, max(1, len(chosen)))
    rows = math.ceil(len(chosen) / columns)
    sheet = Image.new("RGB", (columns * _TILE, max(1, rows) * _TILE), "#404040")
    for place, index in enumerate(chosen):
        pixels, target = images[index]
        tile = _tile(pixels, target, images.skeleton)
        sheet.paste(tile, (place % columns * _TILE, place // columns * _TILE))
    sheet.save(path)


def _tile(pixels: Tensor, target: Target, skeleton: Skeleton) -> Image.Image:
    image = Image.fromarray(pixels.permute(1, 2, 0).numpy())
    scale = _TILE / max(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    draw = ImageDraw.Draw(image)
    for box in target.get("ignore", torch.empty(0, 4)):
        _cross_out(draw, box, scale)
    for polygon in target.get("ignore_polygons", torch.empty(0, 0, 2)).tolist():
        draw.polygon([_at(x, y, scale) for x, y in polygon], outline=_HIDDEN)
    people = zip(target["keypoints"], target["boxes"], target["iscrowd"].tolist(), strict=True)
    for keypoints, box, crowd in people:
        if crowd:
            _cross_out(draw, box, scale)
        draw.rectangle(_corners(box, scale), outline=_BOX)
        _draw_person(draw, keypoints, skeleton, scale)
    for box in target.get("head_boxes", torch.empty(0, 4)):
        if box[2] > box[0]:
            draw.rectangle(_corners(box, scale), outline=_HEAD)
    draw.text((3, 1), str(target["image_id"]), fill=_BOX, stroke_width=1, stroke_fill=_HIDDEN)
    return image


def _draw_person(
    draw: ImageDraw.ImageDraw, keypoints: Tensor, skeleton: Skeleton, scale: float
) -> None:
    points = [_at(x, y, scale) for x, y, _ in keypoints.tolist()]
    visible = keypoints[:, 2].tolist()
    for a, b in skeleton.limbs:
        if visible[a] and visible[b]:
            colour = _colour(skeleton.joints[a], skeleton.joints[b])
            draw.line([points[a], points[b]], fill=colour, width=2)
    for joint, (x, y), seen in zip(skeleton.joints, points, visible, strict=True):
        if seen:
            draw.ellipse([x - 3, y - 3, x + 3, y + 3], fill=_colour(joint, joint))
            if seen == 1:
                draw.ellipse([x - 1, y - 1, x + 1, y + 1], fill=_HIDDEN)


def _colour(*joints: str) -> str:
    if all(not joint.startswith("right_") for joint in joints) and "left_" in "".join(joints):
        return _LEFT
    if all(not joint.startswith("left_") for joint in joints) and "right_" in "".join(joints):
        return _RIGHT
    return _MIDDLE


def _cross_out(draw: ImageDraw.ImageDraw, box: Tensor, scale: float) -> None:
    left, top, right, bottom = _corners(box, scale)
    draw.rectangle([left, top, right, bottom], outline=_HIDDEN)
    draw.line([left, top, right, bottom], fill=_HIDDEN)
    draw.line([left, bottom, right, top], fill=_HIDDEN)


def _corners(box: Tensor, scale: float) -> list[float]:
    x1, y1, x2, y2 = box.tolist()
    return [*_at(x1, y1, scale), *_at(x2, y2, scale)]


def _at(x: float, y: float, scale: float) -> tuple[float, float]:
    # The centre of the first pixel is (0, 0), of the image as of the tile.
    return (x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5
