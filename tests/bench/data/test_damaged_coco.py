import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
from coco_files import content, write_coco
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.data.coco import dataset as coco
from bench.problem import Problem

# Whatever a field is replaced by, the file is refused with a Problem or read into sound numbers.
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.one_of(st.integers(-5, 60), st.floats(), st.none()), max_size=52),
    st.dictionaries(st.sampled_from(["id", "name", "keypoints"]), st.integers(), max_size=2),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) in nested JSON content."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    found: list[tuple[Any, Any]] = []
    for key, inner in pairs:
        found.append((value, key))
        if isinstance(inner, dict | list):
            found += places(inner)
    return found


SOUND = content()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_damage_is_refused_or_harmless(tmp_path: Path, data: st.DataObject) -> None:
    damaged = copy.deepcopy(SOUND)
    for _ in range(data.draw(st.integers(1, 3))):
        here = places(damaged)
        if here:
            container, key = here[data.draw(st.integers(0, len(here) - 1))]
            container[key] = data.draw(LEAVES)
    root = tmp_path / "set"
    if not root.exists():
        write_coco(root)
    path = root / "annotations" / "person_keypoints_train2017.json"
    path.write_text(json.dumps(damaged))
    list(coco.faults(root, "train"))
    try:
        images = coco.open_split(root, "train")
    except Problem:
        return
    assert np.isfinite(images.keypoints).all()
    assert np.isfinite(images.boxes).all()
    assert (images.boxes[:, 2:] >= images.boxes[:, :2]).all()
    assert len(images.annotated_images()) > 0
    for index in range(len(images)):
        assert images.target(index)["keypoints"].shape[1:] == (17, 3)
        assert min(images.size(index)) > 0
