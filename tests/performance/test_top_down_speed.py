"""Small top-down pipelines from an image to people, by the number of people whom they find."""

from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from bench.memory_format import lay_channels_last
from bench.stages.crowd import crowd
from bench.stages.known_people import detector_heads, known_people
from models import create_pipeline
from models.skeleton import COCO17

torch.set_num_threads(1)  # steadier than all cores, and the same on every machine
SIZE = 64
DETECTOR = {
    "backbone": "resnet18", "frozen_norms": False, "min_size": (SIZE,), "max_size": SIZE,
    "anchor_sizes": (4, 8, 16, 32, 64), "pyramid_width": 16, "box_width": 32,
}  # fmt: skip
PERSON = {"name": "hourglass", "stacks": 1, "crop_size": 32, "width": 16, "depth": 2}
PIPELINES: dict[str, dict[str, Any]] = {
    "mask_rcnn": DETECTOR | {"keypoint_width": 16, "keypoint_depth": 1},
    "detector_hourglass": DETECTOR | {"person": PERSON},
}


@pytest.mark.parametrize("people", [1, 5, 20])
@pytest.mark.parametrize("name", PIPELINES)
def test_find_people(benchmark: BenchmarkFixture, name: str, people: int) -> None:
    torch.manual_seed(0)
    model = create_pipeline(name, COCO17, **PIPELINES[name]).eval()
    lay_channels_last(model)
    image = torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    boxes = crowd(people, COCO17, 1.0, 1.0)["boxes"]
    with torch.no_grad(), known_people(detector_heads(model), boxes):
        [found] = benchmark(model, image.contiguous(memory_format=torch.channels_last))
    assert found["keypoints"].shape == (people, len(COCO17), 3)
