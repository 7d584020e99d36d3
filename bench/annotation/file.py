"""Machine-made joints on disk: a COCO keypoints file that says which they are and where from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch

from bench.annotation.candidates import Candidate
from bench.data.contract import PoseDataset, Target
from bench.data.fitted import FittedImages
from bench.data.photographs import Photographs
from bench.metrics.coco_truth import coco_ground_truth
from bench.problem import Problem
from models.geometry import transform_points
from models.skeleton import CANONICAL, Skeleton

ANNOTATIONS: Final = "annotations.json"
#: Of an annotation: a score for each joint, 0 for one that was not made by a machine.
SCORES: Final = "machine_scores"
_VISIBLE = 2.0


def write_annotations(
    path: Path,
    dataset: PoseDataset,
    candidates: Sequence[Candidate],
    joints: Sequence[str],
    provenance: Mapping[str, Any],
) -> None:
    """Write the people of ``dataset`` with the ``joints`` that it lacks beside its own.

    Args:
        path: of the file.
        dataset: whose own annotations stay as they are.
        candidates: that are believed.
        joints: names of those that were asked for.
        provenance: of these joints, for the file's "info".
    """
    wider = _widened(dataset.skeleton, joints)
    targets, scores = [], []
    by_image: dict[int, list[Candidate]] = {}
    for one in candidates:
        by_image.setdefault(one.image, []).append(one)
    for image in range(len(dataset)):
        target = dataset.target(image)
        people = len(target["keypoints"])
        keypoints = torch.cat([target["keypoints"], torch.zeros(people, len(joints), 3)], dim=1)
        sure = torch.zeros(people, len(wider), dtype=torch.float64)
        for one in by_image.get(image, []):
            column = wider.joints.index(one.joint)
            keypoints[one.person, column] = torch.tensor([one.x, one.y, _VISIBLE])
            sure[one.person, column] = one.score
        wide: Target = {**target, "keypoints": keypoints}
        targets.append(wide)
        scores += sure.tolist()
    sizes = [dataset.size(image) for image in range(len(dataset))]
    content = coco_ground_truth(targets, sizes, wider)
    for annotation, row in zip(content["annotations"], scores, strict=True):
        annotation[SCORES] = row
    if isinstance(dataset, Photographs):
        for entry, name in zip(content["images"], dataset.file_names, strict=True):
            entry["file_name"] = name
    content["info"] = {
        "description": f"{dataset.name} with joints that a model has marked",
        "machine_made": {"joints": list(joints), **provenance},
    }
    path.write_text(json.dumps(content), encoding="utf-8")


def add_joints(images: FittedImages, path: Path) -> FittedImages:
    """Return the images with the machine-made joints of a file, which are known from then on.

    A person who was given none keeps an unmarked joint, as one does whom annotators left out. A
    joint that nobody was given stays unknown.

    Args:
        images: of that data set, in joints that hold the machine-made ones.
        path: of the file.

    Raises:
        Problem: the file cannot be read, or is not of these people.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        joints: list[str] = content["categories"][0]["keypoints"]
        made: list[str] = content["info"]["machine_made"]["joints"]
        rows = {one["id"]: one for one in content["annotations"]}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise Problem(f"{path} holds no machine-made joints ({error}); make it again") from error
    columns = [(joints.index(name), images.skeleton.joints.index(name)) for name in made]
    given = {
        theirs: any(row[SCORES][ours] > 0 for row in rows.values()) for ours, theirs in columns
    }
    targets = []
    for target, affine in zip(images.targets, images.image_to_input, strict=True):
        keypoints, known = target["keypoints"].clone(), target["known"].clone()
        for person, number in enumerate(target["annotation_ids"].tolist()):
            if number not in rows:
                raise Problem(f"{path} knows no person {number}; make it again from the same data")
            for ours, theirs in columns:
                x, y, visibility = rows[number]["keypoints"][3 * ours : 3 * ours + 3]
                if visibility > 0:
                    point = torch.tensor([x, y], dtype=torch.float64)
                    keypoints[person, theirs, :2] = transform_points(affine, point[None])[0].float()
                    keypoints[person, theirs, 2] = visibility
        for _, theirs in columns:
            known[theirs] |= given[theirs]
        wide: Target = {**target, "keypoints": keypoints, "known": known}
        targets.append(wide)
    return replace(images, targets=targets)


def _widened(skeleton: Skeleton, joints: Sequence[str]) -> Skeleton:
    sigmas = tuple(CANONICAL.sigmas[CANONICAL.joints.index(name)] for name in joints)
    return replace(
        skeleton,
        name=f"{skeleton.name} and {', '.join(joints)}",
        joints=(*skeleton.joints, *joints),
        sigmas=(*skeleton.sigmas, *sigmas),
    )
