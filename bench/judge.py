"""Detections in pixels of the images to accuracy: by OKS, and by PoseTrack's metric where it can.

Whole images and crops are judged alike; what else there is of crops (PCK) is theirs.
"""

from math import isnan
from typing import Any

from bench.data.contract import PoseDataset, Target
from bench.metrics.coco_truth import coco_ground_truth
from bench.metrics.dissection import dissect
from bench.metrics.posetrack import match_posetrack
from models.skeleton import POSETRACK15, Skeleton


def judge(
    dataset: PoseDataset, detections: list[dict[str, Any]]
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return accuracy as fractions, and the evidence that its intervals are drawn from.

    OKS gives AP, AP50, AP75 and AR, from the evidence "oks"; beside it, "errors" holds what is
    wrong with each joint, what that costs, and who was found; see ``ErrorAnatomy``. Where the data
    has PoseTrack's joints and head boxes there are also PoseTrack mAP and the AP of each group of
    joints that anybody has, from the evidence "posetrack".

    Args:
        dataset: the split that is judged.
        detections: COCO keypoint results.

    Raises:
        Problem: what the metrics raise of people and detections that they cannot judge.
    """
    indices = range(len(dataset))
    targets = [dataset.target(index) for index in indices]
    sizes = [dataset.size(index) for index in indices]
    truth = coco_ground_truth(targets, sizes, dataset.skeleton)
    anatomy = dissect(truth, detections, dataset.skeleton, targets)
    accuracy = {name: float(value) for name, value in anatomy.oks.statistics().items()}
    evidence = {"oks": anatomy.oks.to_json(), "errors": anatomy.to_json()}
    if is_posetrack(targets, dataset.skeleton):
        points = match_posetrack(targets, detections)
        evidence["posetrack"] = points.to_json()
        # A group of joints that nobody has is not a number, and a record holds numbers.
        accuracy |= {
            name: float(value) for name, value in points.statistics().items() if not isnan(value)
        }
    return accuracy, evidence


def is_posetrack(targets: list[Target], skeleton: Skeleton) -> bool:
    """Return whether PoseTrack's metric can judge people: its joints, and a head box for each."""
    peopled = [target for target in targets if len(target["keypoints"])]
    return skeleton == POSETRACK15 and all("head_boxes" in target for target in peopled)
