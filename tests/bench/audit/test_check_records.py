"""Records on disk: sound, broken, or not to be set beside each other."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from record_findings import only, told
from sound_records import EVIDENCE, MEASURED, file_sound, small_experiment

import run_all
from bench.audit.check import BROKEN, NOTE, check_records
from bench.jobs import FieldExperiment, LatencyExperiment
from bench.problem import Problem
from bench.records import RECORD_FILE

PUBLISHED = Path(__file__).resolve().parents[3] / "reports" / "published"
IOI, AIOI = small_experiment("ioi"), small_experiment("aioi")
FLIPPED = replace(IOI, protocol=replace(IOI.protocol, flip=True))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_sound_records_are_found_from_any_of_three_folders(records, depth):
    file_sound(records, IOI)
    file_sound(records, AIOI)
    check = check_records(records.parents[depth - 2] if depth > 1 else records)
    assert check.is_sound
    assert check.records == 2
    assert check.summary.startswith("2 records in 1 folder: sound and up to date")


def test_several_suites_are_checked_each_for_itself(records):
    file_sound(records, IOI)
    file_sound(records.parents[1] / "pipelines" / "records", AIOI).write_text("{")
    check = check_records(records.parents[1])
    assert (check.folders, check.records) == (2, 2)
    assert told(BROKEN, records.parents[1]) == [f"pipelines {AIOI.key}: torn: not valid JSON"]
    assert "1 fault" in check.summary


def change_a_number(path):
    path.write_text(path.read_text().replace('"params": 100', '"params": 90'))


def lose_an_artefact(path):
    path.with_name("detections.json").unlink()


def change_an_artefact(path):
    path.with_name("weights.safetensors").write_text("others")


def file_under_another_key(path):
    path.parent.rename(path.parent.with_name("0123456789abcdef"))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (change_a_number, f"{IOI.key} (ioi, seed 0): changed after it was written"),
        (lose_an_artefact, f"{IOI.key} (ioi, seed 0): detections.json is missing"),
        (change_an_artefact, f"{IOI.key} (ioi, seed 0): weights.safetensors was changed"),
        (
            file_under_another_key,
            f"0123456789abcdef (ioi, seed 0): foreign: it is the record of {IOI.key}",
        ),
    ],
)
def test_a_damaged_record_is_broken_and_named(records, damage, sentence):
    damage(file_sound(records, IOI))
    assert only(BROKEN, records) == f"blocks {sentence}"
    assert not check_records(records).is_sound


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"status": "begun"}, "its status is 'begun' instead of done or failed"),
        ({"status": "failed"}, "it failed without a reason"),
        ({"measured": {"cost": {}}}, "it is done, and has not measured accuracy, training"),
        ({"evidence": {}}, "its evidence cannot be read"),
        (
            {"accuracy": MEASURED["accuracy"] | {"AP": 0.9}},
            "its AP is 0.9, and its evidence gives 1.0",
        ),
        (
            {"accuracy": MEASURED["accuracy"] | {"PCK@0.2": 0.9}},
            "it has no evidence for its PCK@0.2",
        ),
    ],
)
def test_a_record_that_contradicts_itself_is_broken(records, changes, sentence):
    file_sound(records, IOI, **changes)
    assert f"{IOI.key} (ioi, seed 0): {sentence}" in told(BROKEN, records)[0]


def test_what_is_said_of_boxes_is_held_against_their_evidence(records):
    boxes = {"overlap": EVIDENCE["oks"], "image": [0, 1], "errors": [[0.0] * 4] * 2}
    given = {"box AP": 1.0, "box AP50": 1.0, "box recall": 1.0}
    evidence = EVIDENCE | {"boxes": boxes}
    file_sound(records, IOI, evidence=evidence, accuracy=MEASURED["accuracy"] | given)
    assert check_records(records).is_sound
    given["box recall"] = 0.5
    file_sound(records, IOI, evidence=evidence, accuracy=MEASURED["accuracy"] | given)
    assert "its box recall is 0.5, and its evidence gives 1.0" in only(BROKEN, records)


def test_a_record_without_a_documented_field_is_foreign(records):
    path = file_sound(records, IOI)
    file_sound(records, AIOI)
    values = json.loads(path.read_text())
    del values["evidence"], values["digest"]
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    values["digest"] = hashlib.sha256(canonical.encode()).hexdigest()
    path.write_text(json.dumps(values))
    assert "foreign: it has no evidence" in only(BROKEN, records)


def test_a_record_may_be_published_without_its_weights(records):
    file_sound(records, IOI, files=["detections.json", "learning_curve.csv"])
    file_sound(records, FLIPPED, trained_by=IOI.key, files=["detections.json", "samples.npz"])
    assert check_records(records).is_sound
    (note,) = [one for one in told(NOTE, records) if "filed without" in one]
    assert note == f"blocks {IOI.key} (ioi, seed 0): filed without samples.npz, weights.safetensors"


def test_a_failed_record_is_a_note_with_its_reason(records):
    file_sound(records, IOI, status="failed", reason="out of memory", measured={}, files=[])
    check = check_records(records)
    assert check.is_sound
    assert "failed, and the next run tries it again: out of memory" in told(NOTE, records)[0]


TUNED = replace(AIOI, starts_from=IOI.key)


@pytest.mark.parametrize(
    ("job", "changes", "sentence"),
    [
        (
            FLIPPED,
            {"trained_by": IOI.key},
            f"it measures the weights of {IOI.key}, whose record is missing: not run yet",
        ),
        (TUNED, {}, f"it starts from the weights of {IOI.key}, whose record is missing"),
        (
            LatencyExperiment((IOI,), (1,), 5),
            {"measured": {"models": {IOI.key: {}}, "threads": 1}},
            f"it times the weights of {IOI.key}, whose record is missing",
        ),
        (
            FieldExperiment(IOI, 2),
            {"measured": {"fields": {}}},
            f"it looks at the weights of {IOI.key}, whose record is missing",
        ),
    ],
)
def test_a_record_whose_weights_are_nowhere_is_broken(records, job, changes, sentence):
    file_sound(records, job, **changes)
    assert sentence in only(BROKEN, records)
    file_sound(records, IOI)
    assert check_records(records).is_sound
    # A run takes records over from other suites, one by one.
    (records / IOI.key).rename(records.parents[1] / IOI.key)
    other = records.parents[1] / "other" / "records"
    other.mkdir(parents=True)
    (records.parents[1] / IOI.key).rename(other / IOI.key)
    assert check_records(records).is_sound


def test_weights_that_failed_or_come_from_another_training_are_no_good(records):
    file_sound(records, IOI, status="failed", reason="out of memory", measured={}, files=[])
    file_sound(records, TUNED)
    assert f"{IOI.key}, which failed: out of memory" in only(BROKEN, records)
    file_sound(records, IOI)
    file_sound(records, replace(AIOI, seed=1), trained_by=IOI.key)
    assert f"{IOI.key}, which was trained in another way" in only(BROKEN, records)


@pytest.mark.parametrize(
    "changes",
    [
        {"protocol": replace(AIOI.protocol, score_rule="product of joint scores")},
        {"protocol": replace(AIOI.protocol, decoder="none-1")},
        {"data": replace(AIOI.data, digest="5")},
    ],
)
def test_records_of_one_question_by_two_rules_are_mixed(records, changes):
    file_sound(records, IOI)
    file_sound(records, replace(AIOI, **changes))
    (finding,) = told(BROKEN, records)
    assert finding.startswith("blocks: these ask the same and were not measured alike: ")
    for one in (IOI, replace(AIOI, **changes)):
        assert f"{one.key} ({one.variant})" in finding


def test_records_of_two_questions_may_stand_side_by_side(records):
    file_sound(records, IOI)
    file_sound(records, FLIPPED, trained_by=IOI.key)
    file_sound(records, replace(AIOI, data=replace(AIOI.data, image_size=128)))
    assert check_records(records).is_sound


def test_records_of_the_same_images_were_judged_on_the_same_people(records):
    file_sound(records, IOI)
    others = EVIDENCE["oks"] | {"positives": [2, 0], "image": [0, 0]}
    file_sound(records, AIOI, evidence={"oks": others})
    assert "were judged on different people: 2 people in" in only(BROKEN, records)


def test_what_was_left_unfinished_is_a_note(records):
    file_sound(records, IOI)
    (records / AIOI.key).mkdir()
    assert check_records(records).is_sound
    assert f"blocks {AIOI.key}: unfinished; the next run finishes it" in told(NOTE, records)


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_folder_without_records_is_a_problem(tmp_path, folder):
    with pytest.raises(Problem, match=r"no such folder|holds no records"):
        check_records(tmp_path / folder)


def test_the_command_line_says_it_by_its_exit_code(records, capsys, monkeypatch):
    path = file_sound(records, IOI)
    assert run_all.main(["--check-records", str(records.parents[1])]) == 0
    assert "1 record in 1 folder: sound and up to date" in capsys.readouterr().out
    change_a_number(path)
    assert run_all.main(["--check-records", str(records.parents[1])]) == 1
    assert f"broken blocks {IOI.key} (ioi, seed 0): changed" in capsys.readouterr().out
    for words in (["nowhere"], [str(records), "--data-root", "nowhere"]):
        assert run_all.main(["--check-records", *words]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_is_published_is_not_broken():
    check = check_records(PUBLISHED)
    assert check.folders == len(list(PUBLISHED.glob("*/report.md")))
    assert check.records == len(list(PUBLISHED.glob(f"*/records/*/{RECORD_FILE}")))
    assert [one for one in check.findings if one.weight == BROKEN] == []
