"""Claim 2 beside planted gates: verdicts that turn with the slope, its interval and its control."""

import csv
from dataclasses import asdict

import numpy as np
import pytest
from fake_experiments import experiment
from fake_records import ENVIRONMENT, Suite
from report_tables import cells, table

import reports.suites.gates
from ablations.plan import save_plan
from bench.before_training import BEFORE
from bench.gates.facts import CROWDING, OCCLUSION, SIZE
from bench.gates.measure import METHOD
from bench.gates.sampling import BRANCHES, LONG, SHORT
from bench.gates.slopes import moment_sums
from bench.jobs import GateExperiment
from bench.plan import Plan
from bench.records import kind_of, write_record
from models.skeleton import LSP14
from reports.measured.gates import CONTEXT, read_gates
from reports.paper.claims import decided, whole
from reports.paper.verdicts import FAILS, HOLDS, OPEN
from reports.pictures import gate_plot
from reports.suites.gates import write_report

IMAGES, JOINTS, NOTHING = 40, len(LSP14), 40.0
# One person an image, all of whose joints are known.
SAMPLES = IMAGES * JOINTS


@pytest.fixture
def suite(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    for name in ("draw_slopes", "draw_maps"):
        monkeypatch.setattr(reports.suites.gates, name, lambda path, *_, **__: path.touch())
    folder = suite.folder / "gates"
    folder.mkdir()
    return Suite(folder)


def file_gates(suite: Suite, job: GateExperiment, rise, begun, noise: float) -> None:
    """File the gates of two modules whose mean rises so with occlusion, and by .1 with size.

    Args:
        suite: of the record.
        job: that is filed; without a method it is filed as older ones were, without a control.
        rise: branch -> slope on occlusion after training; where it has none, 0.
        begun: the same before training.
        noise: standard deviation of what joints differ in otherwise, before and after alike.
    """
    draws = np.random.default_rng(job.experiment.seed)
    factors = draws.uniform(size=(SAMPLES, 3))
    joint, image = (one.ravel() for one in np.meshgrid(np.arange(JOINTS), np.arange(IMAGES)))
    off = noise * draws.normal(size=(SAMPLES, len(BRANCHES)))
    looks = {}
    for name, planted in {"gates": rise, "gates_before": begun}.items():
        slopes = np.array([planted.get(one, 0.0) for one in BRANCHES])
        own = 0.001 * draws.normal(size=off.shape)
        mean = 0.3 + factors[:, :1] * slopes + 0.1 * factors[:, 1:2] + 0.01 * joint[:, None]
        # The two modules are so far apart that only their mean is as planted.
        apart = 0.2 * factors[:, :1]
        gates = np.concatenate([mean + off + own + apart, mean + off + own - apart], axis=1)
        sums = moment_sums(factors, gates, joint, image, JOINTS, IMAGES)
        looks[name] = sums.gates
    maps = examples()
    if not job.method:
        del looks["gates_before"], maps["maps_before"]
    place = suite.records / job.key
    place.mkdir(parents=True)
    np.savez_compressed(place / "gate_moments.npz", factors=sums.factors, **looks)
    np.savez_compressed(place / "gate_maps.npz", **maps)
    measured = {"images": IMAGES, "people": IMAGES, "joints": SAMPLES, "gates": {"a": {}, "b": {}}}
    write_record(suite.records, outline(job) | {"measured": measured, "files": FILES})


FILES = ["gate_maps.npz", "gate_moments.npz"]


def examples():
    draws = np.random.default_rng(0)
    return {
        "images": draws.integers(255, size=(2, 3, 16, 16), dtype=np.uint8),
        "maps": draws.uniform(size=(2, len(BRANCHES), 4, 4)).astype(np.float32),
        "maps_before": draws.uniform(size=(2, len(BRANCHES), 4, 4)).astype(np.float32),
        "places": draws.uniform(0, 16, size=(2, JOINTS, 2)).astype(np.float32),
        "known": draws.uniform(size=(2, JOINTS)) < 0.8,
        "occlusion": draws.uniform(size=(2, JOINTS)).astype(np.float32),
    }


def outline(job: GateExperiment):
    return {
        "key": job.key, "kind": kind_of(job), "status": "done", "reason": "",
        "experiment": asdict(job), "measured": {}, "evidence": {}, "files": [],
        "environment": ENVIRONMENT, "started": "2026-01-02T03:04:05+00:00", "seconds": 2.0,
        "command": "python run_all.py --suite gates",
    }  # fmt: skip


def filled(
    suite: Suite,
    rise,
    *,
    begun=None,
    noise=0.01,
    seeds=1,
    error=2.0,
    names=("aioi", "aioi_light"),
    method=METHOD,
):
    trained = [experiment(name, seed) for seed in range(seeds) for name in names]
    jobs = [GateExperiment(one, IMAGES, method) for one in trained]
    for one, job in zip(trained, jobs, strict=True):
        suite.done(one, error, samples=False)
        file_gates(suite, job, rise, begun or {}, noise)
    return Plan(tuple(trained), gates=tuple(jobs))


def report(suite: Suite, planned: Plan) -> str:
    write_report(suite.folder, planned)
    return (suite.folder / "report.md").read_text()


def heading(text: str) -> str:
    return text.split("\n## Claim 2, the gates follow what a joint needs: ")[1].splitlines()[0]


@pytest.mark.parametrize(
    ("rise", "options", "verdict", "why"),
    [
        ({LONG: 0.305, SHORT: 0.1}, {}, HOLDS, "+20."),
        ({LONG: -0.105}, {}, FAILS, "-10."),
        ({}, {"noise": 0.2}, OPEN, "the interval of the slope contains 0"),
        ({LONG: 0.3}, {"error": NOTHING}, OPEN, "aioi learnt next to nothing"),
        ({LONG: 0.3}, {"names": ("aioi_light",)}, OPEN, ""),
        ({LONG: 0.305}, {"begun": {LONG: 0.1}}, HOLDS, "difference +20."),
        ({LONG: -0.305}, {"begun": {LONG: 0.1}}, FAILS, "difference -40."),
        ({LONG: 0.3}, {"begun": {LONG: 0.3}}, OPEN, "its difference from before training cont"),
        ({LONG: 0.3}, {"begun": {LONG: 0.5}}, OPEN, "before training it was even higher"),
        ({LONG: -0.1}, {"begun": {LONG: -0.2}}, OPEN, "before training it was even lower"),
        ({LONG: 0.3}, {"method": ""}, OPEN, "**The control is missing** for `aioi` and `aioi_li"),
    ],
    ids=[
        "as claimed", "the other way round", "noise", "untaught", "another's gates",
        "learnt on top", "unlearnt", "as untrained", "less than untrained",
        "less below than untrained", "an older record",
    ],
)  # fmt: skip
def test_the_slope_on_occlusion_decides(suite, rise, options, verdict, why):
    planned = filled(suite, rise, **options)
    text = report(suite, planned)
    assert heading(text) == verdict
    assert why in text
    save_plan(suite.folder, planned)
    (part,) = decided(suite.folder.parent)[2]
    assert (part.suite, part.part.verdict, whole([part])) == ("gates", verdict, verdict)


def test_slopes_are_those_planted_and_means_are_over_modules(suite):
    planned = filled(suite, {LONG: 0.3, SHORT: 0.1}, names=("aioi",), noise=0.001)
    (network,) = read_gates(suite.folder, planned.gates)
    for joint in ("all joints", LSP14.joints[3]):
        found = network.slope(OCCLUSION, CONTEXT, joint)
        assert found.low < found.value < found.high
        assert found.value == pytest.approx(0.2, abs=0.01)
        assert network.slope(OCCLUSION, LONG, joint).value == pytest.approx(0.3, abs=0.01)
        assert network.slope(SIZE, SHORT, joint).value == pytest.approx(0.1, abs=0.01)
        assert network.slope(CROWDING, LONG, joint).value == pytest.approx(0, abs=0.01)
    assert network.samples("all joints") == SAMPLES
    assert network.mean(LONG) - network.mean(SHORT) == pytest.approx(0.1, abs=0.01)


def test_the_difference_is_paired_over_joints_and_images(suite):
    # What joints differ in, they differ in before training and after.
    planned = filled(suite, {LONG: 0.3}, begun={LONG: 0.1}, noise=0.3, names=("aioi",))
    (network,) = read_gates(suite.folder, planned.gates)
    after, before = (network.slope(OCCLUSION, CONTEXT, **when) for when in ({}, {"when": BEFORE}))
    change = network.change(OCCLUSION, CONTEXT)
    assert change.value == pytest.approx(after.value - before.value)
    assert change.value == pytest.approx(0.2, abs=0.01)
    assert change.half_width < 0.2 * min(after.half_width, before.half_width)


def test_a_factor_that_never_varies_has_no_slope(suite):
    planned = filled(suite, {LONG: 0.3}, names=("aioi",))
    path = suite.records / planned.gates[0].key / "gate_moments.npz"
    with np.load(path) as file:
        sums = dict(file)
    for one in sums.values():
        one[:, :, 3] = 0  # nobody is ever crowded
    sums["factors"][:, :, :, 3] = 0
    np.savez_compressed(path, **sums)
    job = planned.gates[0]
    measured = {"images": IMAGES, "people": IMAGES, "joints": SAMPLES, "gates": {"a": {}}}
    write_record(suite.records, outline(job) | {"measured": measured, "files": FILES})
    text = report(suite, planned)
    assert heading(text) == OPEN
    assert "occlusion does not vary, or not apart from size and crowding" in text
    (network,) = read_gates(suite.folder, planned.gates)
    assert network.slope(OCCLUSION, LONG) is None
    assert network.slope(OCCLUSION, LONG, alone=True).value == pytest.approx(0.3, abs=0.01)


def test_every_network_has_its_tables_and_the_claim_all_of_them(suite):
    text = report(suite, filled(suite, {LONG: 0.3}, seeds=2))
    rows = cells(text.split("## Claim 2")[1])[2:]
    assert [row[0] for row in rows] == ["aioi", "aioi_light"]
    assert rows[0][5:7] == [f"{JOINTS} of {JOINTS} ({JOINTS} learnt)", f"0 of {JOINTS} (0 learnt)"]
    assert [row[0] for row in table(text, "The gates of `aioi`")] == [*BRANCHES, CONTEXT]
    assert "2 gates in the network, 2 trainings" in text
    assert "trained once here" not in text
    assert "control is missing" not in text
    within = table(text, f"Within each joint: {CONTEXT} on occlusion")
    assert [row[0] for row in within] == [*LSP14.joints, "all joints"]
    _, _, before, after, change = within[-1]
    assert before.startswith(("+0.", "-0.")), "before training nothing was planted"
    assert after.startswith(("+29.", "+30."))
    assert change.startswith(("+29.", "+30."))
    with (suite.folder / "gates.csv").open() as lines:
        written = list(csv.DictReader(lines))
    assert len(written) == 2 * (JOINTS + 1) * 3 * 4 * 2
    pictures = {path.name for path in suite.folder.glob("*.png")}
    assert pictures >= {"gate_slopes_aioi.png", "gate_maps_aioi_light.png"}


def test_what_is_missing_has_its_reason(suite):
    planned = filled(suite, {LONG: 0.3}, names=("aioi",))
    other = GateExperiment(experiment("aioi_light"), IMAGES, METHOD)
    suite.failed(other, "the weights are missing")
    text = report(suite, Plan(planned.experiments, gates=(*planned.gates, other)))
    assert ["gates of aioi_light", "0", "the weights are missing"] in table(
        text, "What did not finish"
    )
    assert "`aioi_light`, **not decided** (aioi_light brought no result)" in text
    assert "**A network was trained once here.**" in text


def test_of_nothing_there_is_a_report(suite):
    assert heading(report(suite, Plan(()))) == OPEN


@pytest.mark.parametrize("controlled", [True, False], ids=["controlled", "older"])
def test_pictures_are_drawn(tmp_path, controlled):
    slopes = gate_plot.Slopes(np.array([1.0, np.nan]), np.array([[0.5, 1.5], [np.nan, np.nan]]))
    control, shown = [slopes] * controlled, examples()
    if not controlled:
        del shown["maps_before"]
    gate_plot.draw_slopes(
        tmp_path / "slopes.png", [[slopes, slopes]], control=control, factors=["occlusion"],
        gates=["long", "gap"], joints=["nose", "all"], title="t", note="n",
    )  # fmt: skip
    gate_plot.draw_maps(
        tmp_path / "maps.png", gate_plot.GateExamples(**shown), branches=BRANCHES,
        difference=CONTEXT, title="t", note="n",
    )  # fmt: skip
    for path in tmp_path.iterdir():
        assert path.read_bytes()[:4] == b"\x89PNG"
        assert path.stat().st_size > 10_000
