"""Suppression of boxes that stands in for torchvision's, and when operators are replaced at all."""

import sys
import types

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models import torchvision_ops

pytestmark = pytest.mark.usefixtures("torchvision")

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


@pytest.fixture(params=["own", "torchvision's"])
def nms(request, public_ops):
    return torchvision_ops.nms if request.param == "own" else public_ops.nms


def iou(a, b):
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(high, 0)
    union = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - shared
    return shared / union if union > 0 else 0.0


def slow_nms(boxes, scores, threshold):
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        if all(iou(boxes[i], boxes[j]) <= threshold for j in kept):
            kept.append(i)
    return kept


# Few places and scores, so that boxes coincide, touch, are empty, and scores are equal.
place = st.integers(0, 8)


box = st.tuples(place, place, place, place).map(
    lambda c: (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))
)


@pytest.mark.parametrize("dtype", TOLERANCE)
@given(
    scored=st.lists(st.tuples(box, st.integers(0, 5)), max_size=30),
    # No quotient of small whole numbers comes near to these.
    threshold=st.sampled_from([0.0, 0.3141592, 0.7071067, 1.0]),
)
def test_nms_is_the_greedy_one(dtype, scored, threshold):
    boxes = torch.tensor([box for box, _ in scored], dtype=dtype).reshape(-1, 4)
    scores = torch.tensor([score for _, score in scored], dtype=dtype)
    kept = torchvision_ops.nms(boxes, scores, threshold)
    assert kept.dtype == torch.int64
    assert kept.tolist() == slow_nms(boxes.tolist(), scores.tolist(), threshold)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_nms_of_many_boxes(dtype, nms):
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(300, 2, generator=generator, dtype=dtype) * 100
    boxes = torch.cat([corner, corner + 5 + 30 * torch.rand(300, 2, generator=generator)], dim=1)
    scores = torch.rand(300, generator=generator, dtype=dtype)
    kept = nms(boxes, scores.requires_grad_(), 0.5)
    assert kept.tolist() == slow_nms(boxes.tolist(), scores.tolist(), 0.5)


def test_an_overlap_of_exactly_the_threshold_stays(nms):
    boxes = torch.tensor([[0.0, 0, 4, 2], [0, 0, 2, 2]])  # IoU 1/2
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.5).tolist() == [0, 1]
    assert nms(boxes, scores, 0.4999999).tolist() == [0]


def test_nms_under_autocast_compares_in_full_precision(nms):
    # In bfloat16 both right sides would be 256, and the IoU 1.
    boxes = torch.tensor([[0.0, 0, 256.4, 1], [0, 0, 255.6, 1]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert nms(boxes, torch.tensor([0.5, 0.9]), 0.999).tolist() == [1, 0]


def test_torchvision_says_that_it_has_its_operators(torchvision):
    torchvision.extension._assert_has_ops()
    for module in ("torchvision.extension", "torchvision.ops.roi_align"):
        assert sys.modules[module]._has_ops()


def test_batched_nms_keeps_classes_apart(public_ops):
    boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 4], [0, 0, 4, 4]])
    kept = public_ops.batched_nms(
        boxes, torch.tensor([0.1, 0.3, 0.2]), torch.tensor([0, 0, 1]), 0.5
    )
    assert kept.tolist() == [1, 2]


@pytest.fixture
def unregistered(monkeypatch):
    """As in a fresh process; what would be registered is an error."""

    def refuse(*_):
        raise AssertionError("registered")

    monkeypatch.setattr(torchvision_ops, "_register", refuse)
    monkeypatch.setattr(torchvision_ops, "_registered", lambda: False)


@pytest.mark.usefixtures("unregistered")
def test_where_native_operators_load_nothing_is_touched(monkeypatch):
    native = types.ModuleType("torchvision")
    monkeypatch.setitem(sys.modules, "torchvision", native)
    extension = types.ModuleType("torchvision.extension")
    extension._has_ops = kept = lambda: True
    monkeypatch.setitem(sys.modules, "torchvision.extension", extension)
    torchvision_ops.load_torchvision()
    assert extension._has_ops is kept
    assert sys.modules["torchvision"] is native


@pytest.mark.usefixtures("unregistered")
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("something else", RuntimeError),
        ("operator torchvision::nms does not exist", AssertionError),  # it would register
    ],
)
def test_only_missing_operators_are_replaced(tmp_path, monkeypatch, message, expected):
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(f"raise RuntimeError({message!r})\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torchvision")
    with pytest.raises(expected):
        torchvision_ops.load_torchvision()


def test_an_absent_torchvision_is_an_import_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ImportError, match="torchvision"):
        torchvision_ops.load_torchvision()
