"""Fields wait for the training that they look at; spectra wait for nothing."""

import textwrap
from dataclasses import replace

import pytest
from quick_runs import Watcher, quick_setting

from bench.experiment import ModelSpec
from bench.jobs import FieldExperiment, SpectrumExperiment
from bench.plan import Plan
from bench.records import read_record
from bench.runner import Setting, pending, run
from bench.running.run_lock import only_run

# Whatever is measured says which records stood before it.
PLUGIN = """
    from bench import measure
    from bench.receptive_fields import measure as of_fields
    from models import register_block
    from torch import nn

    @register_block
    def quick(in_channels, out_channels):
        return nn.Identity()

    def accuracy(experiment, folder, root, trained_by, report):
        if experiment.variant == "fails":
            raise ValueError("no memory")
        return {"accuracy": {"AP": 0.5}}, {}

    def field(experiment, folder, root, report):
        stands = (folder / experiment.experiment.key / "record.json").exists()
        return {"stands": stands}, {}

    def spectrum(experiment, report):
        return {"chains": {}}, {}

    measure.measure_accuracy = accuracy
    of_fields.measure_field, of_fields.measure_spectrum = field, spectrum
"""


@pytest.fixture
def setting(tmp_path):
    with quick_setting(tmp_path, text=PLUGIN) as made:
        yield made


def test_a_field_follows_its_training_and_both_are_kept(setting, make_experiment):
    trained = make_experiment("quick")
    plan = Plan(
        (trained,),
        spectra=(SpectrumExperiment("quick", 4, (("blocks", 1),)),),
        fields=(FieldExperiment(trained, 2),),
    )
    assert pending(plan, setting) == (3, 1)
    watcher = Watcher()
    outcomes = run(plan, setting, watcher)
    assert [one.status for one in outcomes] == ["done"] * 3
    assert sorted(watcher.begun) == [
        "effective field of quick, seed 0",
        "paths of quick",
        "quick, seed 0",
    ]
    record, _ = read_record(setting.folder, plan.fields[0].key)
    assert record["measured"] == {"stands": True}
    assert pending(plan, setting) == (0, 0)
    assert [one.status for one in run(plan, setting, watcher)] == ["kept"] * 3


def test_another_suite_s_folder_takes_them_over(setting, make_experiment, tmp_path):
    plan = Plan((), spectra=(SpectrumExperiment("quick", 4, (("blocks", 1),)),))
    run(plan, setting, Watcher())
    with only_run(tmp_path / "results" / "other" / "records") as lock:
        other = Setting(
            tmp_path / "results" / "other" / "records", None, setting.plugin, 2, 1, "", lock
        )
        assert [one.status for one in run(plan, other, Watcher())] == ["kept"]


def test_a_training_that_fails_leaves_its_field_without_weights(setting, make_experiment):
    """The real measurement is asked, for nothing of it is reached."""
    setting.plugin.write_text(textwrap.dedent(PLUGIN).replace("of_fields.measure_field, ", "_, "))
    size = {"block": "residual", "depth": 1, "width": 4, "stages": 1, "crop_size": 32}
    failing = replace(make_experiment("fails"), model=ModelSpec("single_person", size))
    outcomes = run(Plan((failing,), fields=(FieldExperiment(failing, 2),)), setting, Watcher())
    assert [one.status for one in outcomes] == ["failed", "failed"]
    assert outcomes[1].reason.endswith("are missing: ValueError: no memory")
