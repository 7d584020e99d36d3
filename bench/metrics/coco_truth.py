"""People as a COCO keypoints file: what every evaluator is given as the truth."""

from typing import Any, Final

from bench.data.contract import PoseDataset, Target
from bench.problem import Problem
from models.skeleton import Skeleton

PERSON: Final = 1  # COCO's category id of people


def coco_ground_truth(
    targets: list[Target], sizes: list[tuple[int, int]], skeleton: Skeleton
) -> dict[str, Any]:
    """Return the people as a COCO keypoints file, ready for ``json.dump``.

    A person without annotated joints keeps ``num_keypoints`` 0 and a crowd its ``iscrowd`` 1:
    COCO evaluation neither asks for them nor punishes what lies on them.

    Args:
        targets: one an image.
        sizes: (height, width) in pixels, one an image.
        skeleton: the joints of the targets.

    Raises:
        Problem: an image id is used twice, or an annotation id is used twice or is not positive.
    """
    annotations = [
        annotation for target in targets for annotation in _annotations(target, skeleton)
    ]
    _check_ids([target["image_id"] for target in targets], annotations)
    return {
        "info": {"description": "People as the benchmark evaluates them"},
        "images": [
            {"id": target["image_id"], "height": height, "width": width}
            for target, (height, width) in zip(targets, sizes, strict=True)
        ],
        "annotations": annotations,
        "categories": [
            {
                "id": PERSON,
                "name": "person",
                "supercategory": "person",
                "keypoints": list(skeleton.joints),
                "skeleton": [[a + 1, b + 1] for a, b in skeleton.limbs],
            }
        ],
    }


def split_ground_truth(dataset: PoseDataset) -> dict[str, Any]:
    """Return everybody in ``dataset`` as a COCO keypoints file; raises as above."""
    indices = range(len(dataset))
    return coco_ground_truth(
        [dataset.target(index) for index in indices],
        [dataset.size(index) for index in indices],
        dataset.skeleton,
    )


def _annotations(target: Target, skeleton: Skeleton) -> list[dict[str, Any]]:
    annotations = []
    for index, annotation_id in enumerate(target["annotation_ids"].tolist()):
        keypoints = target["keypoints"][index].double()
        if len(keypoints) != len(skeleton):
            raise Problem(
                f"annotation {annotation_id} of image {target['image_id']} has {len(keypoints)} "
                f"joints, but {skeleton.name} has {len(skeleton)}; choose the data's own skeleton"
            )
        annotated = keypoints[:, 2] > 0
        left, top, right, bottom = target["boxes"][index].tolist()
        annotations.append(
            {
                "id": annotation_id,
                "image_id": target["image_id"],
                "category_id": PERSON,
                "bbox": [left, top, right - left, bottom - top],
                "area": float(target["area"][index]),
                "iscrowd": int(target["iscrowd"][index]),
                "num_keypoints": int(annotated.sum()),
                # COCO writes a joint that is not annotated as 0, 0, 0.
                "keypoints": keypoints.where(annotated.unsqueeze(1), 0).flatten().tolist(),
            }
        )
    return annotations


def _check_ids(image_ids: list[int], annotations: list[dict[str, Any]]) -> None:
    if len(set(image_ids)) < len(image_ids):
        repeated = next(one for one in image_ids if image_ids.count(one) > 1)
        raise Problem(f"image id {repeated} is used twice; give each image an id of its own")
    seen: set[int] = set()
    for annotation in annotations:
        if annotation["id"] < 1 or annotation["id"] in seen:
            raise Problem(
                f"annotation id {annotation['id']} of image {annotation['image_id']} is used "
                "twice or is not positive, which COCO evaluation takes for 'no match'; "
                "number the annotations from 1"
            )
        seen.add(annotation["id"])
