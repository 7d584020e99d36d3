"""Sound records that today's code, plugins or data would no longer make."""

from dataclasses import replace

import pytest
from coco_files import content, write_coco
from record_findings import only, told
from sound_records import (
    EVIDENCE,
    MEASURED,
    file_sound,
    of_own_block,
    small_experiment,
    write_own_block,
)

from bench.audit.check import NOTE, STALE, check_records
from bench.data.datasets import describe_data
from bench.experiment import ModelSpec
from bench.jobs import CeilingExperiment, LatencyExperiment, SpectrumExperiment
from models import registry

IOI = small_experiment("ioi")


def test_another_decoder_makes_records_stale(records, monkeypatch):
    file_sound(records, IOI)
    file_sound(records, LatencyExperiment((IOI,), (1,), 5), measured={"models": {}, "threads": 1})
    file_sound(
        records,
        CeilingExperiment("truth", IOI.model, IOI.data, IOI.protocol),
        measured={"accuracy": MEASURED["accuracy"], "steps": []},
        evidence=EVIDENCE,
    )
    monkeypatch.setattr("models.heatmaps.DECODER_VERSION", "peak+paraboloid-9")
    check = check_records(records)
    assert [one.weight for one in check.findings if one.weight != NOTE] == [STALE] * 3
    for line in told(STALE, records):
        assert f"the decoder was {IOI.protocol.decoder}" in line
        assert "peak+paraboloid-9" in line


def test_another_renderer_makes_records_stale(records, monkeypatch):
    before = IOI.data.digest
    file_sound(records, IOI)
    monkeypatch.setattr("bench.data.synthetic.factors.RENDERER_VERSION", "99")
    assert f"the renderer's version was {before} and is now 99" in only(STALE, records)


def test_a_factor_that_is_no_longer_known_makes_a_record_stale(records):
    file_sound(records, replace(IOI, data=replace(IOI.data, factors=(("fog", 0.5),))))
    assert "unknown factor of scenes 'fog'" in only(STALE, records)


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        (IOI, "unknown block 'ioi'; did you mean 'aioi'?"),
        (SpectrumExperiment("ioi", 8, (("blocks", 2),)), "unknown block 'ioi'"),
        (replace(IOI, model=ModelSpec("single_persons")), "unknown pipeline 'single_persons'"),
        (
            replace(IOI, model=ModelSpec("detector_hourglass", {"person": {"name": "hourglas"}})),
            "unknown pipeline 'hourglas'; did you mean 'hourglass'?",
        ),
    ],
)
def test_a_name_that_is_no_longer_registered_makes_a_record_stale(records, job, sentence):
    file_sound(records, job)
    del registry._blocks._factories["ioi"]
    assert sentence in told(STALE, records)[0]


def test_a_plugin_s_block_is_compared_where_its_file_is_given(records, tmp_path):
    path = write_own_block(tmp_path / "mine.py")
    file_sound(records, of_own_block(path))
    assert any("give the file with --plugin" in line for line in told(NOTE, records))
    assert check_records(records).is_sound
    assert not any("--plugin" in line for line in told(NOTE, records, plugin=path))
    registry._blocks._factories.pop("mine")
    path.write_text(path.read_text().replace(", 1)", ", 3, padding=1)"))
    assert "the plugin's file was " in only(STALE, records, plugin=path)


def test_data_on_disk_are_compared_where_their_folder_is_given(records, tmp_path):
    root = write_coco(tmp_path / "coco")
    sizes = {"image_size": 0, "crop_size": 32, "seed": 0, "train_images": 2, "val_images": 2}
    file_sound(records, replace(IOI, data=describe_data("coco", root, **sizes)))
    asked = "not compared: data set 'coco' is read from disk; give --data-root"
    assert any(asked in one for one in told(NOTE, records))
    assert not any("not compared" in one for one in told(NOTE, records, root=root))
    assert check_records(records, root).is_sound
    given = content()
    given["annotations"][0]["keypoints"][0] += 1
    other = write_coco(tmp_path / "other", train=given)
    assert "data set 'coco': the digest was " in only(STALE, records, root=other)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert check_records(records, empty).is_sound
    assert any("not compared" in one for one in told(NOTE, records, root=empty))
