"""Whole scenes: fixed to the byte, truly annotated, and read from a cache that is checked."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bench.data.synthetic.annotate import LEAST_AREA, annotate, crowding, person_map
from bench.data.synthetic.dataset import open_synthetic, render_scenes
from bench.data.synthetic.exact import Draws
from bench.data.synthetic.factors import RENDERER_VERSION, SYNTHETIC, SceneFactors
from bench.data.synthetic.render import Hits, cast, make_solids
from bench.data.synthetic.scenes import Scenes, sample_scenes
from models.skeleton import CANONICAL

SIZE = 64


@pytest.fixture(scope="module")
def batch() -> dict[str, Tensor]:
    return render_scenes(torch.arange(40), "train", SIZE, seed=5)


@pytest.fixture(scope="module")
def traced() -> tuple[Scenes, Hits]:
    scenes = sample_scenes(
        Draws.of_scenes(torch.arange(40), "train", seed=5), SIZE, 2, SceneFactors()
    )
    return scenes, cast(make_solids(scenes.parts), scenes.parts, scenes.part_scenes, scenes.view)


def _people(batch: dict[str, Tensor], row: int) -> dict[str, Tensor]:
    first, last = batch["offsets"][row : row + 2].tolist()
    fields = {key: values for key, values in batch.items() if key not in ("images", "offsets")}
    return {key: values[first:last] for key, values in fields.items()}


@pytest.mark.parametrize("indices", [[0], [39], [17, 3], [8, 9, 10, 11, 12, 0, 30]])
def test_a_scene_is_the_same_to_the_byte_in_any_batch(
    batch: dict[str, Tensor], indices: list[int]
) -> None:
    other = render_scenes(torch.tensor(indices), "train", SIZE, seed=5)
    for row, index in enumerate(indices):
        assert torch.equal(other["images"][row], batch["images"][index])
        for key, values in _people(batch, index).items():
            assert torch.equal(_people(other, row)[key], values), key


def test_splits_and_seeds_share_no_scene(batch: dict[str, Tensor]) -> None:
    others = [
        render_scenes(torch.arange(10), "val", SIZE, seed=5)["images"],
        render_scenes(torch.arange(10), "train", SIZE, seed=6)["images"],
    ]
    images = torch.cat([batch["images"], *others]).flatten(1)
    assert len(images.unique(dim=0)) == 60


def test_boxes_and_areas_are_those_of_the_masks(traced: tuple[Scenes, Hits]) -> None:
    scenes, hits = traced
    truth, people = annotate(scenes, hits), person_map(scenes, hits)
    assert len(truth.area) > 80
    for person in range(len(truth.area)):
        scene, row, column = torch.nonzero(people == person, as_tuple=True)
        assert truth.area[person] == len(row) / 4
        if len(row):
            assert (scene == scenes.scenes[person]).all()
            # Samples are half a pixel wide; the image begins at -0.5.
            low, high = (v.item() / 2 - 0.5 for v in (column.min(), column.max() + 1))
            top, bottom = (v.item() / 2 - 0.5 for v in (row.min(), row.max() + 1))
            assert truth.boxes[person].tolist() == [low, top, high, bottom]


def _thing_before(scenes: Scenes, person: int, joint: int, reach: float) -> bool | None:
    """Whether a ball of any part, sampled along its axis in float64, hides a joint's sample.

    None where it is nearly undecided.
    """
    view = scenes.view
    place = scenes.joints[person, joint].double()
    focal = view.focal[scenes.scenes[person]].double() * view.oversample
    middle = (view.samples - 1) / 2
    sample = (place[:2] / place[2] * focal + middle).round()
    ray = torch.cat([(sample - middle) / focal, torch.ones(1)])
    here = (scenes.part_scenes == scenes.scenes[person]) & ~scenes.parts.shadow
    owner = scenes.part_people[here]
    parts = scenes.parts.map(lambda values: values[here])
    axis = torch.nn.functional.normalize((parts.end - parts.start).double(), dim=1)
    front = parts.front.double()
    front = torch.nn.functional.normalize(front - axis * (axis * front).sum(1, True), dim=1)
    wider = (1 / parts.depth.clamp_min(0.08).double() - 1)[:, None, None]
    stretch = torch.eye(3) + wider * front[:, :, None] * front[:, None, :]
    share = torch.linspace(0, 1, 200, dtype=torch.float64)[:, None]
    centre = parts.start.double()[:, None] * (1 - share) + parts.end.double()[:, None] * share
    centre = (stretch[:, None] * centre[:, :, None]).sum(-1)
    radius = parts.start_radius.double()[:, None] * (1 - share.T)
    radius = radius + parts.end_radius.double()[:, None] * share.T
    way = (stretch * ray).sum(-1)[:, None]
    along, square = (way * centre).sum(-1), (way * way).sum(-1)
    root = along**2 - square * ((centre * centre).sum(-1) - radius**2)
    entry = torch.where(root > 0, (along - root.clamp_min(0).sqrt()) / square, torch.inf)
    entry = entry.amin(1)
    if entry.min().isinf():
        return False
    nearest = entry.argmin()
    limit = place[2] - reach if owner[nearest] == person else place[2]
    return None if abs(entry[nearest] - limit) < 0.01 else bool(entry[nearest] < limit)


def test_visibility_agrees_with_tracing_each_joint_anew(traced: tuple[Scenes, Hits]) -> None:
    scenes, hits = traced
    truth = annotate(scenes, hits)
    # The reach of these joints' own flesh, in metres of a body of 1.75 m.
    reaches = {"left_wrist": 0.075, "right_knee": 0.12, "nose": 0.06, "left_ear": 0.08}
    agreed, judged, hidden = 0, 0, 0
    for name, reach in reaches.items():
        joint = CANONICAL.joints.index(name)
        for person in torch.nonzero(truth.joints[:, joint, 2] > 0)[:, 0].tolist():
            before = _thing_before(scenes, person, joint, reach * scenes.scale[person].item())
            if before is not None:
                judged += 1
                hidden += before
                agreed += before == (truth.joints[person, joint, 2] == 1).item()
    assert judged > 200 and 0.1 < hidden / judged < 0.7
    # Where a ray grazes an outline, 200 balls are not the solid.
    assert agreed / judged > 0.985


def test_unlabelled_means_nothing_is_told(batch: dict[str, Tensor]) -> None:
    joints = batch["joints"]
    visible = joints[..., 2] > 0
    assert (joints[~visible] == 0).all()
    assert ((joints[..., :2] >= -0.5) & (joints[..., :2] < SIZE - 0.5))[visible].all()
    labelled = visible.any(1)
    assert labelled.float().mean() > 0.9
    assert (batch["area"][labelled] >= LEAST_AREA).all()
    assert (batch["area"] > 0).all()


def test_seen_joints_lie_in_or_near_the_box(batch: dict[str, Tensor]) -> None:
    boxes, joints = batch["boxes"], batch["joints"]
    # A joint is no farther from its own visible mask than the thickest part of the body, and a
    # person is at least 4 such radii tall.
    slack = 0.15 * (boxes[:, 2:] - boxes[:, :2]).amax(1)[:, None, None] + 1
    inside = (joints[..., :2] >= boxes[:, None, :2] - slack) & (
        joints[..., :2] <= boxes[:, None, 2:] + slack
    )
    seen = joints[..., 2] == 2
    assert inside.all(-1)[seen].float().mean() > 0.995


def test_occlusion_is_a_share_that_follows_visibility(batch: dict[str, Tensor]) -> None:
    occlusion, visibility = batch["occlusion"], batch["joints"][..., 2]
    assert (occlusion >= 0).all() and (occlusion <= 1).all()
    assert occlusion[visibility == 1].mean() > 0.6
    assert occlusion[visibility == 2].mean() < 0.2


def test_crowding_is_the_covered_share_of_a_box() -> None:
    boxes = torch.tensor(
        [[0, 0, 10, 10], [5, 0, 15, 10], [5, 5, 10, 20], [0, 0, 10, 10], [40, 40, 50, 50]]
    ).float()
    scenes = torch.tensor([0, 0, 0, 1, 1])
    # By hand: half; half again (the third box adds (10-5)x(10-5) already counted); 25 of 75.
    expected = torch.tensor([0.5, 0.5, 25 / 75, 0.0, 0.0])
    torch.testing.assert_close(crowding(boxes, scenes), expected)


def test_factors_hold() -> None:
    factors = SceneFactors(people=(2, 3), height=(0.5, 0.6), height_spread=1.01, crowded=0.0)
    batch = render_scenes(torch.arange(30), "val", SIZE, seed=0, factors=factors)
    counts = batch["offsets"].diff()
    assert counts.max() == 3 and (counts >= 2).float().mean() > 0.8
    alone = SceneFactors(people=(1, 1), occluders=0, clutter=0, blur=0.0, noise=0.0)
    batch = render_scenes(torch.arange(10), "val", SIZE, seed=0, factors=alone)
    assert (batch["crowding"] == 0).all() and len(batch["boxes"]) == 10


def test_people_are_of_many_sizes_and_seen_from_all_sides(batch: dict[str, Tensor]) -> None:
    heights = batch["boxes"][:, 3] - batch["boxes"][:, 1]
    assert heights.quantile(0.9) / heights.quantile(0.1) > 2
    counts = batch["offsets"].diff()
    assert counts.min() <= 1 and counts.max() >= 5
    nose = batch["joints"][:, CANONICAL.joints.index("nose"), 2]
    assert 0.3 < (nose == 2).float().mean() < 0.85


def test_the_data_set_speaks_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path))
    data = open_synthetic("val", 5, 48, seed=0)
    assert len(data) == 5 and data.size(0) == (48, 48) and data.name == "synthetic"
    ids: list[int] = []
    for index in range(5):
        image, target = data[index]
        people = len(target["boxes"])
        assert image.shape == (3, 48, 48) and image.dtype == torch.uint8
        assert target["keypoints"].shape == (people, 17, 3)
        assert target["occlusion"].shape == (people, 17)
        assert target["labels"].tolist() == [1] * people
        assert data.joints(index).shape == (people, len(CANONICAL), 3)
        ids += target["annotation_ids"].tolist()
    assert ids == list(range(1, len(ids) + 1))


def test_scenes_are_rendered_once_and_again_where_the_cache_is_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path))
    rendered: list[tuple[int, int]] = []

    def opened() -> Tensor:
        data = open_synthetic("val", 4, 48, seed=0, report=lambda *done: rendered.append(done))
        return torch.stack([data.image(index) for index in range(len(data))])

    first = opened()
    assert rendered == [(4, 4)]
    opened()
    assert len(rendered) == 1
    (cached,) = tmp_path.glob("*.safetensors")
    assert RENDERER_VERSION in cached.name
    content = bytearray(cached.read_bytes())
    content[len(content) // 2] ^= 1
    cached.write_bytes(content)
    assert torch.equal(opened(), first) and len(rendered) == 2


def test_the_digest_changes_with_whatever_changes_the_scenes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path))
    few = replace(SYNTHETIC, factors=SceneFactors(people=(1, 2)))
    renamed = replace(SYNTHETIC, name="other")
    digests = {
        open_synthetic("val", 1, 32, seed=0).digest,
        open_synthetic("train", 1, 32, seed=0).digest,
        open_synthetic("val", 1, 32, seed=1).digest,
        open_synthetic("val", 2, 32, seed=0).digest,
        open_synthetic("val", 1, 48, seed=0).digest,
        open_synthetic("val", 1, 32, seed=0, domain=few).digest,
        open_synthetic("val", 1, 32, seed=0, domain=renamed).digest,
    }
    assert len(digests) == 7
