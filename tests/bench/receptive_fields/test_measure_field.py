"""Receptive fields on record: the paper's polynomials, and networks whose reach is built in."""

import json
from dataclasses import asdict, replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from bench.before_training import with_settled_norms
from bench.jobs import FieldExperiment, SpectrumExperiment
from bench.measure import WEIGHTS, create_model
from bench.problem import Problem
from bench.receptive_fields import measure
from bench.receptive_fields.gradients import effective_field, noise_images
from bench.records import kind_of, write_record
from bench.running.worker import Task
from models import registry

SIZE, CROPS = 32, 5
# PAPER: coefficients of z^0, z^1, ..., z = one 3x3.
IOI = [15, 17, 24, 15, 10, 3, 1]


def silent(*arguments, **facts):
    pass


def counted(block: str, **depths: int):
    experiment = SpectrumExperiment(block, 4, tuple(depths.items()))
    measured, evidence = measure.measure_spectrum(experiment, silent)
    assert evidence == {}
    return json.loads(json.dumps(measured))["chains"]


def test_a_chain_has_the_papers_polynomial_in_exact_text():
    one, none = counted("ioi", params=1, blocks=1).values()
    assert one == none
    assert one["paths"] == {str(1 + 2 * power): str(count) for power, count in enumerate(IOI)}
    assert (one["depth"], one["largest"], one["gate_paths"]) == (1, 13, {})
    weights = [Fraction(weight) for weight in one["weights"].values()]
    assert sum(weights) == 1
    # The shortcut has a half; the short, middle and long branch share the rest, and in each of
    # their blocks two thirds of the weight pass without a 3x3.
    two_thirds = Fraction(2, 3)
    assert weights[0] == (1 + (two_thirds + two_thirds**2 + two_thirds**3) / 3) / 2


def test_counts_beyond_floats_stay_exact():
    chain = counted("ioi", blocks=12)["blocks"]
    assert sum(int(paths) for paths in chain["paths"].values()) == sum(IOI) ** 12 > 2**53
    assert float(sum(IOI) ** 12 + 1) == float(sum(IOI) ** 12), "a float could not tell"


def test_parameters_are_those_of_the_chain():
    # residual at 4: 1x1 and 3x3 to 2 channels, 1x1 back to 4, each with scale and shift.
    assert counted("residual", blocks=3)["blocks"]["params"] == 3 * (8 + 4 + 36 + 4 + 8 + 8)


def test_gate_paths_are_apart():
    chain = counted("aioi_light", params=1)["params"]
    assert chain["paths"] == counted("ioi", params=1)["params"]["paths"]
    assert sum(Fraction(weight) for weight in chain["gate_weights"].values()) == 1


@pytest.mark.parametrize(
    ("layer", "named"),
    [
        (lambda channels: nn.GroupNorm(1, channels), "GroupNorm"),
        (lambda channels: nn.AvgPool2d(2), "block 'odd' changes the resolution"),
    ],
)
def test_a_block_without_paths_in_cells_says_why(monkeypatch, layer, named):
    monkeypatch.setitem(registry._blocks._factories, "odd", lambda one, other: layer(one))
    with pytest.raises(Problem, match=named):
        counted("odd", blocks=2)


# A network is "trained" by hand, so that what it depends on is known.


@pytest.fixture
def experiment(make_experiment, monkeypatch):
    """A field of a small network, of validation crops that are noise too."""
    one = make_experiment("residual")
    arguments = {"block": "residual", "depth": 2, "width": 8, "stages": 1, "crop_size": SIZE}
    trained = replace(one, model=replace(one.model, arguments=arguments))
    pixels = torch.randint(0, 255, (CROPS, 3, SIZE, SIZE), dtype=torch.uint8)

    class Crops:
        def __len__(self):
            return CROPS

        def centre(self, persons):
            return pixels[persons]

    monkeypatch.setattr(measure, "open_crops", lambda *_: Crops())
    return FieldExperiment(trained, 3)


def file_weights(folder, trained, model):
    place = folder / trained.key
    place.mkdir(parents=True)
    save_file({n: value.contiguous() for n, value in model.state_dict().items()}, place / WEIGHTS)
    outline = {"key": trained.key, "kind": kind_of(trained), "status": "done", "reason": ""}
    rest = {"evidence": {}, "environment": {}, "started": "", "seconds": 0.0, "command": ""}
    measured = {"measured": {"training": {}}, "experiment": asdict(trained), "files": [WEIGHTS]}
    write_record(folder, outline | rest | measured)


def looked(folder, experiment, model):
    file_weights(folder, experiment.experiment, model)
    measured, evidence = measure.measure_field(experiment, folder, None, silent)
    assert json.loads(json.dumps(measured)) == measured
    assert evidence == {}
    with np.load(folder / experiment.key / measure.FIELDS, allow_pickle=False) as file:
        return measured, dict(file)


def test_before_training_are_the_weights_that_training_begins_with(tmp_path, experiment):
    torch.manual_seed(experiment.experiment.seed)
    model = create_model(experiment.experiment)
    images = noise_images(3, SIZE, 0)
    begun = with_settled_norms(model.network, images)
    expected = [effective_field(begun, images[i : i + 1], seed=i) for i in range(3)]
    for parameter in model.parameters():
        parameter.data += 0.1  # what training made of it
    measured, fields = looked(tmp_path, experiment, model)
    np.testing.assert_array_equal(fields["radii"], expected[0].radii)
    np.testing.assert_allclose(
        fields["noise_before"], [one.held for one in expected], rtol=1e-5, atol=1e-6
    )
    assert np.abs(fields["noise_after"] - fields["noise_before"]).max() > 0.01
    assert measured["images"] == {"noise": 3, "crops": 3}
    assert fields["crops_after"].shape == (3, len(fields["radii"]))


def test_a_network_that_learnt_to_look_at_its_own_cell_is_found_out(tmp_path, experiment):
    model = create_model(experiment.experiment)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
            middle = layer.weight.data[..., 1, 1].clone()
            layer.weight.data.zero_()
            layer.weight.data[..., 1, 1] = middle
    measured, fields = looked(tmp_path, experiment, model)
    # By middles alone a cell reads one pixel, its upper left: 2 and 2 pixels off its centre, less
    # half a pixel.
    corner = 1.5 * 2**0.5
    for name in ("noise_after", "crops_after"):
        assert measured["fields"][name]["radius_50"] == pytest.approx(corner)
        assert measured["fields"][name]["radius_90"] == pytest.approx(corner)
        assert (fields[name][:, fields["radii"] < corner - 1e-9] == 0).all()
    assert measured["fields"]["noise_before"]["radius_90"] > corner


def test_near_is_half_of_what_a_path_with_two_3x3_of_the_trunk_sees(tmp_path, experiment):
    # Two 3x3 of stride 2 see 7 pixels, each 3x3 at stride 4 adds 8.
    measured, _ = looked(tmp_path, experiment, create_model(experiment.experiment))
    assert measured["near"] == (7 + 2 * 8) / 2


def test_more_images_than_there_are_crops_are_all_of_them(tmp_path, experiment):
    many = replace(experiment, images=CROPS + 3)
    measured, fields = looked(tmp_path, many, create_model(many.experiment))
    assert measured["images"] == {"noise": CROPS + 3, "crops": CROPS}
    assert len(fields["crops_before"]) == CROPS


def test_without_weights_it_says_whose_are_missing(tmp_path, experiment):
    with pytest.raises(Problem, match=f"{experiment.experiment.key}.*missing: not run yet"):
        measure.measure_field(experiment, tmp_path, None, silent)


@pytest.mark.parametrize("kind", ["spectrum", "field"])
def test_a_task_survives_the_trip_through_json(tmp_path, make_experiment, kind):
    job = {
        "spectrum": SpectrumExperiment("ioi", 128, (("params", 1), ("blocks", 6)), "f"),
        "field": FieldExperiment(make_experiment(), 4),
    }[kind]
    assert kind_of(job) == kind
    task = Task(job, tmp_path, None, None, 2, {}, "", "python run_all.py")
    assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task
