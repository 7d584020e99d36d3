"""A tiny PoseTrack18, written for one test each: two videos of four frames, in the raw layout."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

WIDTH, HEIGHT = 64, 48
SLOTS = ["nose", "head_bottom", "head_top", "left_ear", "right_ear"] + [
    f"{side}_{part}"
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("left", "right")
]
VIDEOS = {"000001_bonn_val": 20000010000, "000342_mpii_val": 10003420000}


def keypoints(offset: float = 0.0) -> list[float]:
    """Return 17 slots: slot s at (10 + s + offset, 5 + s), the right ankle not annotated."""
    values: list[float] = []
    for slot, name in enumerate(SLOTS):
        unknown = "ear" in name or name == "right_ankle"
        values += [0, 0, 0] if unknown else [10 + slot + offset, 5 + slot, 1]
    return values


def person(frame: int, number: int, **changes: Any) -> dict[str, Any]:
    """Return an annotation as the challenge writes it: no area, no num_keypoints, no iscrowd."""
    annotation = {
        "id": 100 * frame + number,
        "image_id": frame,
        "track_id": number,
        "category_id": 1,
        "keypoints": keypoints(10.0 * number),
        "scores": [],
        "bbox": [8 + 10 * number, 4, 20, 24],
        "bbox_head": [10 + 10 * number, 5, 6, 8],
    }
    return annotation | changes


def video(name: str, **frame_changes: Any) -> dict[str, Any]:
    """Return four frames of which the second and third are labelled; two people, then one."""
    first = VIDEOS[name]
    frames = [
        {
            "id": first + number,
            "frame_id": first + number,
            "vid_id": name[:6],
            "nframes": 4,
            "file_name": f"images/val/{name}/{number:06d}.jpg",
            "is_labeled": number in (1, 2),
            "has_no_densepose": True,
        }
        for number in range(4)
    ]
    frames[1] |= {
        "ignore_regions_x": [[30, 60, 60], [0, 4, 4, 0]],
        "ignore_regions_y": [[0, 0, 30], [0, 0, 4, 4]],
    } | frame_changes
    return {
        "categories": [{"id": 1, "name": "person", "supercategory": "person", "keypoints": SLOTS}],
        "images": frames,
        "annotations": [person(first + 1, 0), person(first + 1, 1), person(first + 2, 0)],
    }


def write_posetrack(root: Path, **changed: dict[str, Any]) -> Path:
    """Write both videos as both splits; ``changed`` replaces a split's second video."""
    for split in ("train", "val"):
        folder = root / "annotations" / split
        folder.mkdir(parents=True, exist_ok=True)
        for name in VIDEOS:
            content = video(name)
            if name == "000342_mpii_val" and split in changed:
                content = changed[split]
            (folder / f"{name}.json").write_text(json.dumps(content))
    for name in VIDEOS:
        for number in (1, 2):  # nobody needs the frames that nobody labelled
            path = root / f"images/val/{name}/{number:06d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (WIDTH, HEIGHT), (number,) * 3).save(path)
    return root
