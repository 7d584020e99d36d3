import hashlib
import json
import random
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.jobs import LatencyExperiment
from bench.records import RECORD_FILE, all_records, kind_of, read_record, write_record

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def filed(folder: Path, job, started="2026-01-01T00:00:00+00:00", **changes) -> Path:
    """File a record of ``job`` with one artefact and return the record's path."""
    place = folder / job.key
    place.mkdir(parents=True, exist_ok=True)
    (place / "detections.json").write_text("[]")
    record = {
        "key": job.key,
        "kind": kind_of(job),
        "status": "done",
        "reason": "",
        "experiment": asdict(job),
        "measured": {"accuracy": {"AP": 0.1}},
        "evidence": {},
        "files": ["detections.json"],
        "environment": {},
        "started": started,
        "seconds": 1.5,
        "command": "python run_all.py",
    }
    return write_record(folder, record | changes)


def test_what_is_written_is_what_is_read(tmp_path, make_experiment):
    experiment = make_experiment()
    filed(tmp_path, experiment)
    record, reason = read_record(tmp_path, experiment.key)
    assert reason == ""
    assert type(experiment).from_dict(record["experiment"]) == experiment
    assert record["files"] == {"detections.json": hashlib.sha256(b"[]").hexdigest()}
    assert [path.name for path in (tmp_path / experiment.key).glob("*.partial")] == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(measured=st.dictionaries(st.text(max_size=5), JSON, max_size=3))
def test_any_json_value_survives_the_trip_and_keeps_its_digest(tmp_path, make_experiment, measured):
    experiment = make_experiment()
    filed(tmp_path, experiment, measured=measured)
    record, reason = read_record(tmp_path, experiment.key)
    assert (record["measured"], reason) == (measured, "")


def test_a_latency_record_is_trusted_too(tmp_path, make_experiment):
    latency = LatencyExperiment((make_experiment("ioi"), make_experiment("aioi")), (1, 16), 5)
    filed(tmp_path, latency)
    record, _ = read_record(tmp_path, latency.key)
    assert LatencyExperiment.from_dict(record["experiment"]) == latency


def test_a_record_can_be_filed_again_as_it_was_read(tmp_path, make_experiment):
    experiment = make_experiment()
    filed(tmp_path, experiment)
    record, _ = read_record(tmp_path, experiment.key)
    write_record(tmp_path, record | {"measured": {"match": {"rule": "macs"}}})
    again, reason = read_record(tmp_path, experiment.key)
    assert reason == ""
    assert again["measured"] == {"match": {"rule": "macs"}}


def test_no_record_is_not_run_yet(tmp_path):
    assert read_record(tmp_path, "0" * 16) == (None, "not run yet")


def test_a_record_cut_short_anywhere_is_torn(tmp_path, make_experiment):
    experiment = make_experiment()
    path = filed(tmp_path, experiment)
    whole = path.read_bytes()
    for length in random.Random(0).sample(range(len(whole)), 30):
        path.write_bytes(whole[:length])
        record, reason = read_record(tmp_path, experiment.key)
        assert record is None
        assert "torn" in reason


def test_a_changed_number_is_noticed(tmp_path, make_experiment):
    experiment = make_experiment()
    path = filed(tmp_path, experiment)
    path.write_text(path.read_text().replace('"AP": 0.1', '"AP": 0.9'))
    assert read_record(tmp_path, experiment.key) == (None, "changed after it was written")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2]", "not a record"),
        ('{"key": "x"}', "not a record"),
        ('{"digest": "x", "schema": 99}', "schema 99 instead of 1"),
        ("\x00\x01", "torn"),
    ],
)
def test_a_foreign_file_is_refused_with_a_reason(tmp_path, text, expected):
    place = tmp_path / "0123456789abcdef"
    place.mkdir()
    (place / RECORD_FILE).write_text(text)
    record, reason = read_record(tmp_path, place.name)
    assert record is None
    assert expected in reason


def test_a_file_that_is_no_text_is_refused(tmp_path):
    place = tmp_path / "0123456789abcdef"
    place.mkdir()
    (place / RECORD_FILE).write_bytes(b"\xff\xfe\x80")
    assert read_record(tmp_path, place.name) == (None, "torn: not valid JSON")


def test_the_record_of_another_experiment_is_foreign(tmp_path, make_experiment):
    one, other = make_experiment("ioi"), make_experiment("aioi")
    path = filed(tmp_path, one)
    path.parent.rename(tmp_path / other.key)
    record, reason = read_record(tmp_path, other.key)
    assert record is None
    assert one.key in reason


def test_a_record_with_fields_of_another_version_is_foreign(tmp_path, make_experiment):
    experiment = make_experiment()
    fields = asdict(experiment)
    fields["train"]["momentum"] = 0.9
    filed(tmp_path, experiment, experiment=fields)
    record, reason = read_record(tmp_path, experiment.key)
    assert record is None
    assert "foreign" in reason


def test_a_changed_or_missing_artefact_is_noticed(tmp_path, make_experiment):
    experiment = make_experiment()
    artefact = filed(tmp_path, experiment).with_name("detections.json")
    artefact.write_text("[{}]")
    assert read_record(tmp_path, experiment.key) == (None, "detections.json was changed")
    artefact.unlink()
    assert read_record(tmp_path, experiment.key) == (None, "detections.json is missing")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_never_filed(tmp_path, make_experiment, value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        filed(tmp_path, make_experiment(), measured={"AP": value})
    assert read_record(tmp_path, make_experiment().key) == (None, "not run yet")


def test_a_file_named_but_not_there_is_never_filed(tmp_path, make_experiment):
    with pytest.raises(FileNotFoundError):
        filed(tmp_path, make_experiment(), files=["weights.safetensors"])


def test_all_records_come_in_order_with_the_refused_apart(tmp_path, make_experiment):
    late, early, torn = make_experiment("a"), make_experiment("b"), make_experiment("c")
    filed(tmp_path, late, started="2026-01-02T00:00:00+00:00")
    filed(tmp_path, early, started="2026-01-01T00:00:00+00:00")
    filed(tmp_path, torn).write_text("{")
    trusted, refused = all_records(tmp_path)
    assert [record["key"] for record in trusted] == [early.key, late.key]
    assert refused == {torn.key: "torn: not valid JSON"}


def test_a_folder_that_is_not_there_holds_no_records(tmp_path):
    assert all_records(tmp_path / "nowhere") == ([], {})


def test_the_file_is_plain_json_with_the_documented_fields(tmp_path, make_experiment):
    values = json.loads(filed(tmp_path, make_experiment()).read_text())
    documented = (
        "schema key kind status reason experiment measured evidence files environment started "
        "seconds command digest"
    )
    assert sorted(values) == sorted(documented.split())
