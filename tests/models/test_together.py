"""What pipelines must hold so that several processes can train them together."""

import pytest
import torch
from small_pipelines import ARGUMENTS, DETECTOR, SIZE, WHOLE_IMAGES

from models import create_pipeline
from models.skeleton import COCO17
from models.together import normaliser, processes, sum_over_processes


def test_a_process_that_is_alone_divides_by_its_own_count():
    assert processes() == 1
    assert normaliser(torch.tensor(7)).item() == 7
    assert normaliser(torch.tensor(0)).item() == 1
    assert sum_over_processes(torch.tensor([1.5, 2.0])).tolist() == [1.5, 2.0]


def nobody() -> dict[str, torch.Tensor]:
    return {
        "boxes": torch.zeros(0, 4),
        "labels": torch.zeros(0, dtype=torch.int64),
        "keypoints": torch.zeros(0, len(COCO17), 3),
        "iscrowd": torch.zeros(0, dtype=torch.int64),
    }


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in WHOLE_IMAGES),
        ("detector_hourglass", {"learns": "detector"}),
        ("detector_hourglass", {"learns": "person"}),
        ("mask_rcnn", {"frozen_norms": True}),
    ],
)
def test_every_weight_that_learns_has_a_gradient_even_from_a_share_without_people(name, options):
    """DDP waits for all of them, and would wait for ever."""
    torch.manual_seed(0)
    model = create_pipeline(name, COCO17, **(ARGUMENTS[name] | options))
    model.train()
    losses = model(torch.rand(2, 3, SIZE, SIZE), [nobody(), nobody()])
    torch.stack(list(losses.values())).sum().backward()
    learning = {one: weight for one, weight in model.named_parameters() if weight.requires_grad}
    assert learning
    assert [one for one, weight in learning.items() if weight.grad is None] == []


def test_half_of_a_pipeline_that_does_not_learn_asks_ddp_for_nothing():
    model = create_pipeline(
        "detector_hourglass",
        COCO17,
        **(DETECTOR | {"person": ARGUMENTS["detector_hourglass"]["person"], "learns": "person"}),
    )
    assert not any(weight.requires_grad for weight in model.detector.parameters())
