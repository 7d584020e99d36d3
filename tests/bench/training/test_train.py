import csv
import itertools
from dataclasses import replace

import pytest
import torch
from torch import nn

from bench.experiment import TrainSpec
from bench.problem import Problem
from bench.train import train
from bench.training.checkpoints import Checkpoints

SPEC = TrainSpec(
    steps=20,
    batch_size=4,
    learning_rate=1e-2,
    weight_decay=0.0,
    warmup=0.25,
    rotation=0.0,
    scale=1.0,
    shift=0.0,
    flip=False,
    device="cpu",
    precision="fp32",
)


class Line(nn.Module):
    """Learns a mean colour: the contract in its smallest form."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 1, 1)
        self.factor = factor

    def forward(self, images, targets):
        wanted = torch.stack([target["keypoints"].mean() for target in targets])
        found = self.layer(images).mean(dim=(1, 2, 3))
        return {"error": (found - wanted).square().mean() * self.factor}


def batches(steps: int, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        images = torch.rand(4, 3, 8, 8, generator=generator)
        yield images, [{"keypoints": image.mean().view(1, 1, 1) * 2} for image in images]


def ignore(step: int, loss: float, rate: float) -> None:
    pass


def test_the_loss_falls_and_the_curve_is_whole(tmp_path):
    torch.manual_seed(0)
    spec = replace(SPEC, steps=200)
    curve = train(Line(), batches(200), spec, ignore)
    assert len(curve.losses) == 200
    assert sum(curve.losses[-10:]) < 0.1 * sum(curve.losses[:10])
    assert curve.images == 800
    curve.write(tmp_path / "curve.csv")
    rows = list(csv.DictReader((tmp_path / "curve.csv").open()))
    assert [int(row["step"]) for row in rows] == list(range(1, 201))
    assert float(rows[0]["loss"]) == pytest.approx(curve.losses[0])


def test_the_schedule_warms_up_and_falls_to_nothing():
    curve = train(Line(), batches(20), SPEC, ignore)
    rates = curve.learning_rates
    assert rates[:5] == pytest.approx([2e-3, 4e-3, 6e-3, 8e-3, 1e-2])  # 25 % of 20 steps
    assert max(rates) == pytest.approx(1e-2)
    assert all(later < sooner for sooner, later in itertools.pairwise(rates[6:]))
    assert rates[-1] < 2e-4


def test_the_same_seed_gives_the_same_bits():
    curves = []
    for _ in range(2):
        torch.manual_seed(1)
        curves.append(train(Line(), batches(20), SPEC, ignore).losses)
    assert curves[0] == curves[1]


class Failing(Line):
    """Its loss is no number from the fourth step on."""

    calls = 0

    def forward(self, images, targets):
        self.calls += 1
        self.factor = 1.0 if self.calls < 4 else float("nan")
        return super().forward(images, targets)


def test_a_loss_that_is_not_finite_stops_with_its_step_and_the_mend():
    with pytest.raises(Problem, match="became nan at step 4; lower the learning rate"):
        train(Failing(), batches(20), SPEC, ignore)


def test_nobody_goes_on_from_a_checkpoint_to_a_loss_that_is_not_finite(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.train._REPORT_SECONDS", 0.0)
    monkeypatch.setattr(Checkpoints, "is_due", lambda _: True)
    seen = []

    def report(step, loss, rate):
        seen.append([path.name for path in tmp_path.glob("*/*.safetensors")])

    with pytest.raises(Problem, match="at step 4"):
        train(Failing(), batches(20), SPEC, report, Checkpoints(tmp_path, "key"))
    assert seen == [[], ["step-1.safetensors"], ["step-2.safetensors"]]
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_costs_the_checkpoint_and_not_the_training(tmp_path, monkeypatch, capsys):
    def write(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("bench.train._REPORT_SECONDS", 0.0)
    monkeypatch.setattr(Checkpoints, "is_due", lambda _: True)
    monkeypatch.setattr("bench.training.checkpoints.write_whole", write)
    curve = train(Line(), batches(3), replace(SPEC, steps=3), ignore, Checkpoints(tmp_path, "key"))
    assert len(curve.losses) == 3
    assert capsys.readouterr().err.splitlines() == [
        f"no checkpoint at step {step}: No space left on device" for step in (1, 2, 3)
    ]


def test_a_model_without_parameters_is_shown_the_data():
    class Counter(nn.Module):
        seen = 0

        def forward(self, images, targets):
            self.seen += len(images)
            return {"nothing": images.mean()}

    counter = Counter()
    train(counter, batches(20), SPEC, ignore)
    assert counter.seen == 80


def test_the_last_step_is_reported():
    reports = []
    train(Line(), batches(20), SPEC, lambda *facts: reports.append(facts))
    step, loss, rate = reports[-1]
    assert step == 20
    assert loss >= 0
    assert rate > 0


def test_weight_decay_spares_biases():
    torch.manual_seed(0)
    model = Line(factor=0.0)  # no gradient: only the decay moves anything
    weight, bias = model.layer.weight.detach().clone(), model.layer.bias.detach().clone()
    train(model, batches(20), replace(SPEC, weight_decay=0.5), ignore)
    assert (model.layer.weight.abs() < weight.abs()).all()
    assert torch.equal(model.layer.bias, bias)
