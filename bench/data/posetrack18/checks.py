"""What may be wrong with a PoseTrack18 file beyond what may be with any COCO keypoints file."""

from collections.abc import Iterator

from bench.data.coco.format import LARGEST_COORDINATE, is_id, is_readable_image
from bench.data.posetrack18.format import SLOTS, Content, entry_id, may_have_joints


def extra_faults(content: Content, *, judged: bool) -> Iterator[str]:
    """Yield what keeps a file that is sound COCO from being read as PoseTrack's.

    Args:
        content: with lists "images" and "annotations" that may hold anything.
        judged: whether people are judged, so that those with joints need a head box.
    """
    for frame in content["images"]:
        if isinstance(frame, dict) and is_id(frame.get("id")):
            yield from _region_faults(frame)
    ears = [SLOTS.joints.index(name) for name in ("left_ear", "right_ear")]
    for person in content["annotations"]:
        if isinstance(person, dict) and is_id(person.get("id")):
            yield from _person_faults(person, ears, judged)


def oddities(content: Content) -> Iterator[str]:
    """Yield what looks wrong yet can be read: joints that are nowhere near their image."""
    sizes = {
        frame["id"]: (frame["width"], frame["height"])
        for frame in content["images"]
        if is_readable_image(frame)
    }
    for person in content["annotations"]:
        if (
            isinstance(person, dict)
            and is_id(person.get("id"))
            and entry_id(person, "image_id") in sizes
            and are_numbers(person.get("keypoints"), 3 * len(SLOTS))
        ):
            yield from _far_joints(person, *sizes[person["image_id"]])


def are_numbers(values: object, count: int) -> bool:
    """Return whether a value is a list of so many finite numbers of pixels."""
    # Exact types: a bool is no coordinate, and a comparison with NaN is false.
    return (
        isinstance(values, list)
        and len(values) == count
        and all(
            type(one) in (int, float) and -LARGEST_COORDINATE < one < LARGEST_COORDINATE
            for one in values
        )
    )


def _far_joints(person: Content, width: int, height: int) -> Iterator[str]:
    for number, joint in enumerate(SLOTS.joints):
        x, y, visibility = person["keypoints"][3 * number : 3 * number + 3]
        # A side's length beyond the border: joints of people who are cut off lie outside too.
        near = -width <= x <= 2 * width and -height <= y <= 2 * height
        if visibility and not near:
            yield (
                f"{_who(person)} has {joint} at ({x:g}, {y:g}), nowhere near its {width}x{height} "
                "image; correct it or set its visibility to 0"
            )


def _region_faults(frame: Content) -> Iterator[str]:
    xs, ys = frame.get("ignore_regions_x") or [], frame.get("ignore_regions_y") or []
    if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
        yield (
            f"frame {frame['id']} has ignore_regions_x and ignore_regions_y that are no lists of "
            "equal length; write one list of corners for each region in both"
        )
        return
    for number, (across, down) in enumerate(zip(xs, ys, strict=True)):
        lengths = [len(one) if isinstance(one, list) else -1 for one in (across, down)]
        if lengths[0] != lengths[1] or not all(
            are_numbers(one, lengths[0]) for one in (across, down)
        ):
            yield (
                f"ignore region {number} of frame {frame['id']} is no polygon; write as many "
                "finite numbers in ignore_regions_x as in ignore_regions_y"
            )


def _person_faults(person: Content, ears: list[int], judged: bool) -> Iterator[str]:
    head, values = person.get("bbox_head"), person.get("keypoints")
    sized = isinstance(head, list) and any(head[2:])  # of a list of numbers, if it passed before
    if judged and may_have_joints(person) and not sized:
        yield (
            f"{_who(person)} has joints but no head box of any size, and PoseTrack's metric counts "
            "in head sizes; add 'bbox_head' (x, y, width, height)"
        )
    if isinstance(values, list) and any(
        values[3 * ear + 2 : 3 * ear + 3] not in ([0], []) for ear in ears
    ):
        yield (
            f"{_who(person)} has an ear, and PoseTrack18 leaves both ears' slots empty; use a file "
            "whose slots are nose, head_bottom, head_top, two unused, then COCO's"
        )


def _who(person: Content) -> str:
    return f"annotation {person['id']} (frame {person.get('image_id')})"
