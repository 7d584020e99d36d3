"""Gates on record: planted gates that follow known places, and a real network's at tiny size."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bench import before_training
from bench.before_training import with_settled_norms
from bench.data.crops import PersonCrops, context_margin, open_crops
from bench.data.datasets import describe_data, open_split
from bench.gates import facts, measure
from bench.gates.facts import FACTORS, joint_facts
from bench.gates.sampling import BRANCHES, gate_maps, gates_at, gates_of
from bench.gates.slopes import Moments, pooled_slopes
from bench.jobs import GateExperiment
from bench.measure import WEIGHTS, create_model
from bench.problem import Problem
from bench.records import kind_of, read_record, write_record
from bench.running.worker import Task
from models.blocks.aioi import Gate
from models.geometry import transform_points
from models.skeleton import LSP14

SIZE, CELLS, WIDTH = 32, 8, 2
PEOPLE, PER_IMAGE = 60, 2
JOINTS = len(LSP14)
# By how much of the gate's range each branch changes from the left to the right of the crop, and
# from its top to its bottom.
ACROSS, DOWN = {"short": -0.3, "medium": 0.0, "long": 0.4}, {"short": 0.1, "medium": 0, "long": 0}
# Before training, across.
BEGUN = {"short": 0.2, "medium": -0.1, "long": 0.1}


def silent(*arguments, **told):
    pass


class PlantedGate(Gate):
    """A gate that is a plane over the crop, whatever is shown; channels lie about it."""

    def __init__(self, across: dict[str, float]) -> None:
        nn.Module.__init__(self)
        self.across = across

    def forward(self, branches: Tensor) -> Tensor:
        cells = (torch.arange(CELLS) + 0.5) / CELLS
        planes = [
            0.5 + self.across[one] * cells + DOWN[one] * cells[:, None] + sign * 0.05
            for one in BRANCHES
            for sign in (-1, 1)
        ]
        return torch.stack(planes).expand(len(branches), -1, -1, -1)


class Planted(nn.Module):
    def __init__(self, across: dict[str, float]) -> None:
        super().__init__()
        self.network = nn.Sequential(PlantedGate(across))

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)


class Scenes:
    """People whose joints are hidden the more the farther right they are."""

    skeleton = LSP14

    def __init__(self, places: Tensor) -> None:
        self._places = places
        self._draws = torch.rand(PEOPLE, 2, generator=torch.Generator().manual_seed(1))

    def target(self, index: int):
        rows = slice(PER_IMAGE * index, PER_IMAGE * (index + 1))
        places = self._places[rows]
        return {
            "annotation_ids": torch.arange(PEOPLE)[rows] + 1,
            "keypoints": torch.cat([places, torch.full((*places.shape[:2], 1), 2.0)], -1),
            "occlusion": (places[..., 0] + 0.5) / SIZE,
            "area": 2 ** (6 + 2 * self._draws[rows, 0]),
            "crowding": self._draws[rows, 1],
        }


@pytest.fixture
def planted(monkeypatch):
    """Crops that are their images, with joints off the border, where planes are cut off."""
    inside = torch.rand(PEOPLE, JOINTS, 2, generator=torch.Generator().manual_seed(0))
    places = 3 + (SIZE - 7) * inside
    side = SIZE + 2 * context_margin(SIZE)
    crops = PersonCrops(
        LSP14,
        SIZE,
        images=torch.zeros(PEOPLE, 3, side, side, dtype=torch.uint8),
        keypoints=torch.cat([places, torch.full((PEOPLE, JOINTS, 1), 2.0)], -1),
        crop_to_image=torch.eye(2, 3, dtype=torch.float64).expand(PEOPLE, -1, -1),
        extent=torch.ones(PEOPLE),
        area=torch.ones(PEOPLE),
        image_index=torch.arange(PEOPLE) // PER_IMAGE,
        image_id=torch.arange(PEOPLE) // PER_IMAGE + 1,
        annotation_id=torch.arange(PEOPLE) + 1,
    )
    monkeypatch.setattr(measure, "open_crops", lambda *_: crops)
    monkeypatch.setattr(facts, "open_truth", lambda *_: Scenes(places))
    monkeypatch.setattr(before_training, "create_model", lambda _: Planted(BEGUN))
    monkeypatch.setattr(
        before_training,
        "load_trained",
        lambda model, *_: setattr(model.network[0], "across", ACROSS),
    )
    return crops


def looked(folder, job):
    measured, evidence = measure.measure_gates(job, folder, None, silent)
    assert (json.loads(json.dumps(measured)), evidence) == (measured, {})
    files = [folder / job.key / name for name in (measure.MOMENTS, measure.EXAMPLES)]
    return measured, *(dict(np.load(path, allow_pickle=False)) for path in files)


def test_planted_gates_give_their_slopes_and_signs(tmp_path, planted, make_experiment):
    measured, moments, _ = looked(tmp_path, GateExperiment(make_experiment(), 1000))
    for name, across in (("gates", ACROSS), ("gates_before", BEGUN)):
        (gate,) = measured[name].values()
        for branch in BRANCHES:
            # Occlusion rises with the place from left to right, and with nothing else.
            assert gate[branch]["occlusion"] == pytest.approx(across[branch], abs=0.01)
            assert gate[branch]["size"] == pytest.approx(0, abs=0.01)
            assert gate[branch]["crowding"] == pytest.approx(0, abs=0.01)
            mean = 0.5 + (across[branch] + DOWN[branch]) / 2
            assert gate[branch]["mean"] == pytest.approx(mean, abs=0.01)
        total = Moments(moments["factors"].sum(axis=0), moments[name].sum(axis=0))
        slopes = pooled_slopes(total)[FACTORS.index("occlusion")]
        np.testing.assert_allclose(slopes, [gate[one]["occlusion"] for one in BRANCHES])
    assert (measured["images"], measured["people"]) == (PEOPLE // PER_IMAGE, PEOPLE)
    assert measured["joints"] == PEOPLE * JOINTS
    assert moments["factors"].shape == (PEOPLE // PER_IMAGE, JOINTS, 4, 4)


def test_places_are_read_to_a_fraction_of_a_cell(planted):
    (maps,) = gate_maps(Planted(ACROSS), planted, torch.arange(3), silent)
    assert maps.shape == (3, 1, len(BRANCHES), CELLS, CELLS)
    points = torch.tensor([[[15.5, 15.5], [7.25, 20.0]]]).expand(3, -1, -1)
    sampled = gates_at(maps, points, SIZE)[1, :, 0]
    for row, (x, y) in enumerate(points[0].tolist()):
        expected = [0.5 + ACROSS[one] * (x + 0.5) / SIZE + DOWN[one] * (y + 0.5) / SIZE
                    for one in BRANCHES]  # fmt: skip
        assert sampled[row].tolist() == pytest.approx(expected, abs=1e-6)


def test_fewer_images_are_spread_over_the_split_and_examples_over_occlusion(
    tmp_path, planted, make_experiment
):
    measured, moments, examples = looked(tmp_path, GateExperiment(make_experiment(), 5))
    assert (measured["images"], measured["people"]) == (5, 5 * PER_IMAGE)
    assert len(moments["gates"]) == 5
    hidden = examples["occlusion"].mean(axis=1)
    assert len(hidden) == 6
    assert (np.diff(hidden) > 0).all()
    assert examples["images"].shape == (6, 3, SIZE, SIZE)
    np.testing.assert_allclose(examples["occlusion"], (examples["places"][..., 0] + 0.5) / SIZE)
    for name, across in (("maps", ACROSS), ("maps_before", BEGUN)):
        plane = examples[name][:, BRANCHES.index("long")]
        rise = across["long"] * 7 / 8
        np.testing.assert_allclose(plane[0, 0, -1] - plane[0, 0, 0], rise, atol=1e-6)


def test_without_gates_or_truth_it_says_so(tmp_path, planted, make_experiment, monkeypatch):
    job = GateExperiment(make_experiment(), 5)
    monkeypatch.setattr(facts, "open_truth", lambda *_: None)
    with pytest.raises(Problem, match="nobody knows how far the joints of 'synthetic' are hidden"):
        measure.measure_gates(job, tmp_path, None, silent)
    with pytest.raises(Problem, match="has no gates"):
        next(gate_maps(nn.Identity(), planted, torch.arange(2), silent))


@pytest.fixture
def tiny(make_experiment):
    """A real network on a few real scenes."""
    data = describe_data(
        "synthetic", None, train_images=4, val_images=6, image_size=64, crop_size=SIZE, seed=0
    )
    arguments = {"block": "aioi_light", "depth": 2, "width": 8, "stages": 1, "crop_size": SIZE}
    one = make_experiment()
    return replace(one, data=data, model=replace(one.model, arguments=arguments))


OUTLINE = {
    "status": "done", "reason": "", "evidence": {}, "environment": {}, "started": "",
    "seconds": 0.0, "command": "",
}  # fmt: skip


def file_trained(folder, one) -> None:
    """File a training whose last weights are random, and others than its first."""
    torch.manual_seed(one.seed + 1)
    (folder / one.key).mkdir(parents=True)
    save_file(create_model(one).state_dict(), folder / one.key / WEIGHTS)
    trained = {"key": one.key, "kind": "accuracy", "experiment": asdict(one)}
    write_record(folder, OUTLINE | trained | {"measured": {"training": {}}, "files": [WEIGHTS]})


def test_a_real_network_is_looked_at_and_filed(tmp_path, monkeypatch, tiny):
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "records"
    file_trained(folder, tiny)
    job = GateExperiment(tiny, 6, measure.METHOD)
    measured, moments, examples = looked(folder, job)
    assert list(measured["gates"]) == list(measured["gates_before"])
    assert list(measured["gates"]) == list(gates_of(create_model(tiny)))
    assert len(measured["gates"]) == 2
    assert moments["gates_before"].shape == moments["gates"].shape
    assert moments["gates"].shape[-1] == 2 * len(BRANCHES)
    for gate in measured["gates"].values():
        assert all(0 < one["mean"] < 1 for one in gate.values())
    assert 0 <= examples["occlusion"].min() <= examples["occlusion"].max() <= 1
    files = [measure.MOMENTS, measure.EXAMPLES]
    own = {"key": job.key, "kind": kind_of(job), "experiment": asdict(job)}
    write_record(folder, OUTLINE | own | {"measured": measured, "files": files})
    record, reason = read_record(folder, job.key)
    assert (record is not None, reason) == (True, "")
    assert record["kind"] == "gates"
    task = Task(job, folder, None, None, 1, {}, "", "python run_all.py")
    assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task


def test_the_control_is_the_network_that_training_begins_with(tmp_path, monkeypatch, tiny):
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "records"
    # Norms hold the statistics of a batch, which here has room for everybody.
    one = replace(tiny, train=replace(tiny.train, batch_size=1000))
    file_trained(folder, one)
    _, _, examples = looked(folder, GateExperiment(one, 6, measure.METHOD))
    torch.manual_seed(one.seed)
    begun = create_model(one)
    crops = open_crops(one.data, "val", None).centre(slice(None)).float() / 255
    settled = with_settled_norms(begun, crops)
    given = []
    for gate in gates_of(settled).values():
        gate.register_forward_hook(lambda *arguments: given.append(arguments[-1]))
    with torch.no_grad():
        settled(torch.from_numpy(examples["images"]).float() / 255)
    branches = torch.stack(given).mean(dim=0).unflatten(1, (len(BRANCHES), -1)).mean(dim=2)
    np.testing.assert_allclose(examples["maps_before"], branches.numpy(), atol=1e-4)
    assert np.abs(examples["maps"] - examples["maps_before"]).max() > 0.01


def test_facts_are_those_of_the_person_in_the_crop(tmp_path, monkeypatch, tiny):
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    crops = open_crops(tiny.data, "val", None)
    found = joint_facts(crops, tiny.data, "val")
    scenes = open_split(tiny.data, "val", None)
    known = crops.keypoints[..., 2] > 0
    assert (found.known & ~known).sum() == 0
    torch.testing.assert_close(found.places[known], crops.keypoints[..., :2][known])
    last = len(crops) - 1
    target = scenes.target(int(crops.image_index[last]))
    row = target["annotation_ids"].tolist().index(int(crops.annotation_id[last]))
    torch.testing.assert_close(found.factors[last, :, 0], target["occlusion"][row].double())
    assert float(found.factors[last, 0, 1]) == pytest.approx(
        float(target["area"][row].sqrt().log2())
    )
    assert float(found.factors[last, 3, 2]) == pytest.approx(float(target["crowding"][row]))
    places = transform_points(crops.crop_to_image[last], found.places[last].double())
    seen = found.known[last]
    torch.testing.assert_close(places[seen].float(), target["keypoints"][row, seen, :2])
