"""Records of a moment, made in this process and run again by the command line in another."""

from dataclasses import replace
from pathlib import Path

import pytest
from sound_records import file_sound, of_own_block, small_experiment, write_own_block

import run_all
from bench.audit.rerun import find_record
from bench.jobs import LatencyExperiment
from bench.records import RECORD_FILE, read_record
from bench.running.worker import Task, perform

IOI, AIOI = small_experiment("ioi"), small_experiment("aioi")
TUNED = replace(IOI, variant="tuned", starts_from=IOI.key, seed=1)


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    """A cache, an output folder and no published results."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POSEARCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("bench.audit.rerun._PUBLISHED", tmp_path / "published")


@pytest.fixture
def refused(capsys):
    """Run the command line, which must end with code 2; return its one sentence."""

    def run(*words):
        assert run_all.main([*words]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line.removeprefix("error: ")

    return run


def bring(records, job):
    """Run a job in this process and file its record."""
    (records / job.key).mkdir(parents=True)
    task = Task(job, records, None, None, 1, {}, "", "python run_all.py")
    assert perform(task, lambda event: None) == 0


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.glob("**/*")) if path.is_file()}


def test_a_training_and_what_it_starts_from_come_out_the_same_to_the_last_bit(records, capsys):
    bring(records, IOI)
    bring(records, TUNED)
    before = contents(records)
    assert run_all.main(["--rerun", TUNED.key[:9]]) == 0
    shown = capsys.readouterr().out
    assert f"needed first: {IOI.key} (ioi, seed 0): all " in shown
    assert shown.count("results are identical") == 2
    assert contents(records) == before
    again, _ = read_record(Path("results/rerun") / TUNED.key, TUNED.key)
    first, _ = read_record(records, TUNED.key)
    assert again["files"] == first["files"]
    assert again["evidence"] == first["evidence"]
    assert again["command"] == f"python run_all.py --rerun {TUNED.key[:9]}"


def test_a_latency_is_timed_again_on_the_weights_on_record(records, capsys):
    latency = LatencyExperiment((IOI,), (1,), 6)
    bring(records, IOI)
    bring(records, latency)
    before = contents(records)
    assert run_all.main(["--rerun", latency.key]) == 0
    shown = capsys.readouterr().out
    assert f"models.{IOI.key}.1.median_ms" in shown
    assert "times alone" in shown
    assert "needed first" not in shown
    assert contents(records) == before


def test_a_latency_whose_weights_were_not_kept_is_refused(records, refused):
    latency = LatencyExperiment((IOI,), (1,), 6)
    file_sound(records, IOI, files=["detections.json"])
    file_sound(records, latency)
    sentence = refused("--rerun", latency.key)
    assert f"the weights of {IOI.key} (ioi, seed 0) were not kept" in sentence


def test_an_unknown_key_is_answered_with_the_nearest_ones(records, refused):
    file_sound(records, IOI)
    file_sound(records, AIOI)
    wrong = IOI.key[:-1] + ("0" if IOI.key[-1] != "0" else "1")
    sentence = refused("--rerun", wrong)
    assert f"no record under results has a key that begins with '{wrong}'" in sentence
    assert f"near: {IOI.key} (ioi, seed 0), " in sentence


def test_a_beginning_of_several_keys_is_not_enough(records, refused):
    file_sound(records, IOI)
    file_sound(records, AIOI)
    sentence = refused("--rerun", "")
    assert "2 keys begin with ''; give more of it" in sentence
    assert f"{AIOI.key} (aioi, seed 0)" in sentence


def test_where_nothing_is_on_record(refused):
    assert "results holds no records to run again" in refused("--rerun", "abc")


def test_a_published_record_is_found_too_and_one_s_own_comes_first(records, tmp_path):
    published = tmp_path / "published" / "one" / "records"
    file_sound(published, IOI)
    assert find_record(IOI.key, Path("results")).folder == published
    file_sound(records, IOI)
    assert find_record(IOI.key, tmp_path / "results").folder == records
    (records / IOI.key / RECORD_FILE).write_text("{")
    assert find_record(IOI.key, tmp_path / "results").folder == published


def test_a_broken_record_is_not_run_again(records, refused):
    file_sound(records, IOI).write_text("{")
    assert "torn: not valid JSON" in refused("--rerun", IOI.key)


PHOTOGRAPHED = replace(IOI, data=replace(IOI.data, name="lspet", skeleton="lsp14", image_size=0))


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        (PHOTOGRAPHED, "data set 'lspet' is read from disk; give --data-root"),
        (replace(IOI, data=replace(IOI.data, digest="5")), "the renderer's version was 5"),
        (replace(IOI, protocol=replace(IOI.protocol, decoder="none-1")), "the decoder was none-1"),
        (replace(IOI, model=replace(IOI.model, plugin="a" * 64)), "give the file with --plugin"),
        (TUNED, f"no record of {IOI.key} can be trusted"),
    ],
)
def test_what_would_be_another_experiment_today_is_refused(records, refused, job, sentence):
    file_sound(records, job)
    assert sentence in refused("--rerun", job.key)
    assert not list(Path("results").glob("rerun/**/record.json"))


def test_a_plugin_that_was_changed_is_refused(records, refused, tmp_path):
    path = write_own_block(tmp_path / "mine.py")
    job = of_own_block(path)
    file_sound(records, job)
    path.write_text(f"{path.read_text()}\n")
    assert "the plugin's file was " in refused("--rerun", job.key, "--plugin", "mine.py")


def test_what_several_processes_trained_together_is_refused(records, refused):
    training = {"images_per_second": 10.0, "seconds": 2.0, "final_loss": 0.1, "processes": 2}
    file_sound(records, IOI, training=training)
    assert "(ioi, seed 0) was trained by 2 processes together" in refused("--rerun", IOI.key)
