"""Rendered people, written in each data set's own format and read back by its adapter."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from posetrack18_files import SLOTS
from scipy.io import savemat

from bench.data import crowdpose
from bench.data.alignment import to_skeleton
from bench.data.coco import dataset as coco
from bench.data.lsp import mat as lsp
from bench.data.mpii import dataset as mpii
from bench.data.posetrack18 import dataset as posetrack18
from bench.data.synthetic.dataset import SyntheticScenes, render_scenes
from bench.data.synthetic.factors import DOMAINS
from bench.metrics.coco_truth import split_ground_truth
from models.skeleton import CANONICAL, CROWDPOSE14, LSP14, MPII16, POSETRACK15, Skeleton

SIZE, SCENES = 64, 4


def scenes(name: str) -> SyntheticScenes:
    domain = DOMAINS[name]
    batch = render_scenes(torch.arange(SCENES), "val", SIZE, seed=0, factors=domain.factors)
    return SyntheticScenes(batch, domain, "")


def save(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (SIZE, SIZE)).save(path)
    return path.name


def as_coco(root: Path, data: SyntheticScenes) -> None:
    content = split_ground_truth(data)
    for split in ("train", "val"):
        for image in content["images"]:
            image["file_name"] = save(root / f"{split}2017" / f"{image['id']}.png")
        (root / f"person_keypoints_{split}2017.json").write_text(json.dumps(content))


def as_crowdpose(root: Path, data: SyntheticScenes) -> None:
    content = split_ground_truth(data)
    content["categories"][0]["keypoints"] = [*CROWDPOSE14.joints[:12], "head", "neck"]
    for image in content["images"]:
        image |= {"file_name": save(root / "images" / f"{image['id']}.jpg"), "crowdIndex": 0.5}
    for person, joints in zip(content["annotations"], everybody(data, CROWDPOSE14), strict=True):
        person["keypoints"] = joints.flatten().tolist()
        person["num_keypoints"] = int((joints[:, 2] > 0).sum())
    (root / "json").mkdir()
    for split in ("train", "val"):
        (root / "json" / f"crowdpose_{split}.json").write_text(json.dumps(content))


def as_posetrack(root: Path, data: SyntheticScenes) -> None:
    names = {"head_bottom": "neck"}
    places = [POSETRACK15.joints.index(names.get(slot, slot)) if "ear" not in slot else None
              for slot in SLOTS]  # fmt: skip
    content = split_ground_truth(data)
    heads = torch.cat([data.target(index)["head_boxes"] for index in range(SCENES)]).tolist()
    for person, joints, head in zip(
        content["annotations"], everybody(data, POSETRACK15), heads, strict=True
    ):
        slots = [joints[at] if at is not None else torch.zeros(3) for at in places]
        person["keypoints"] = torch.cat(slots).tolist()
        person["bbox_head"] = [head[0], head[1], head[2] - head[0], head[3] - head[1]]
        del person["num_keypoints"]
    content["categories"][0]["keypoints"] = SLOTS
    for image in content["images"]:
        name = f"images/val/000001_x/{image['id']:06d}.jpg"
        save(root / name)
        image |= {"file_name": name, "frame_id": image["id"], "vid_id": "000001",
                  "is_labeled": True}  # fmt: skip
    for split in ("train", "val"):
        folder = root / "annotations" / split
        folder.mkdir(parents=True)
        (folder / "000001_x.json").write_text(json.dumps(content))


def as_mpii(root: Path, data: SyntheticScenes) -> None:
    people = []
    for index in range(SCENES):
        target = data.target(index)
        name = save(root / "images" / f"{index + 1:09d}.jpg")
        for joints, box in zip(target["keypoints"], target["boxes"].tolist(), strict=True):
            side = box[2] - box[0]
            middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
            known = joints[:, 2] > 0
            # MPII counts from 1, and its box's middle lies 15 scales above that of the person.
            places = torch.where(known[:, None], joints[:, :2] + 1, torch.tensor(-1.0))
            people.append({
                "image": name, "joints": places.double().tolist(), "scale": side / 200,
                "joints_vis": known.int().tolist(),
                "center": [middle[0] + 1, middle[1] + 1 - 15 * side / 200],
            })  # fmt: skip
    (root / "annot").mkdir()
    for name in ("train", "valid"):
        (root / "annot" / f"{name}.json").write_text(json.dumps(people))


def as_lsp(root: Path, data: SyntheticScenes) -> None:
    joints = torch.stack(everybody(data, LSP14)).double()
    rows = [joints[..., 0] + 1, joints[..., 1] + 1, (joints[..., 2] > 0).double()]
    savemat(root / "joints.mat", {"joints": torch.stack(rows, dim=1).permute(2, 1, 0).numpy()})
    for number in range(len(joints)):
        save(root / "images" / f"im{number + 1:05d}.jpg")


def everybody(data: SyntheticScenes, skeleton: Skeleton) -> list[torch.Tensor]:
    """Return the joints [K, 3] of everybody who has any, or of all where boxes are annotated."""
    truth = data.truth()
    aligned = (to_skeleton(truth.target(index), CANONICAL, skeleton) for index in range(SCENES))
    return [person for target in aligned for person in target["keypoints"]]


WRITERS: dict[str, tuple[str, Callable[..., None], object, Skeleton, bool]] = {
    # Of MPII and LSP every joint that is annotated counts as seen in these layouts.
    "coco": ("synthetic-coco", as_coco, coco, coco.SKELETON, True),
    "crowdpose": ("synthetic", as_crowdpose, crowdpose, CROWDPOSE14, True),
    "posetrack18": ("synthetic-posetrack", as_posetrack, posetrack18, POSETRACK15, True),
    "mpii": ("synthetic-mpii", as_mpii, mpii, MPII16, False),
    "lsp": ("synthetic", as_lsp, lsp, LSP14, False),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_is_read_back(name: str, tmp_path: Path) -> None:
    view, write, adapter, skeleton, has_visibility = WRITERS[name]
    data = scenes(view)
    write(tmp_path, data)
    splits = ("train", "val") if name == "lsp" else ("train",)
    opened = [adapter.open_split(tmp_path, split) for split in splits]  # type: ignore[attr-defined]
    read = [one.target(index) for one in opened for index in range(len(one))]
    keypoints = torch.cat([target["keypoints"] for target in read])
    if name in ("coco", "mpii"):
        expected = torch.cat([data.target(index)["keypoints"] for index in range(SCENES)])
    else:
        expected = torch.stack(everybody(data, skeleton))
    if not has_visibility:
        expected[..., 2] = torch.where(expected[..., 2] > 0, 2.0, 0.0)
    # Who has neither box nor joints is nobody in some formats.
    there = (expected[..., 2] > 0).any(1)
    mine = (keypoints[..., 2] > 0).any(1)
    assert there.sum() > 5
    torch.testing.assert_close(keypoints[mine], expected[there], atol=1e-4, rtol=1e-5)
    if name in ("coco", "posetrack18", "crowdpose", "mpii"):
        boxes = torch.cat([target["boxes"] for target in read])[mine]
        given = torch.cat([data.target(index)["boxes"] for index in range(SCENES)])[there]
        torch.testing.assert_close(boxes, given, atol=1e-3, rtol=1e-5)
    assert not np.isnan(keypoints.numpy()).any()
