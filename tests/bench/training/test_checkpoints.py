import json

import pytest
import torch

from bench.training import checkpoints
from bench.training.checkpoints import FOLDER, Checkpoint, Checkpoints, forget

KEY = "0123456789abcdef"


def checkpoint(step=7):
    generator = torch.Generator().manual_seed(step)
    # The kinds that a training is made of, among them one of a single number and a slice.
    tensors = {
        "model.weight": torch.rand(3, 2, 5, 5, generator=generator).to(
            memory_format=torch.channels_last
        ),
        "model.count": torch.tensor(step),
        "losses": torch.rand(4, step, generator=generator).t(),
        "dice.cpu": torch.get_rng_state(),
    }
    return Checkpoint(step, tensors, {"names": ["a", "b"], "seconds": 0.1 + 0.2})


def saved(place, step=7):
    Checkpoints(place, KEY).save(checkpoint(step))
    return place / FOLDER


def test_what_is_found_is_what_was_saved_to_the_last_bit(tmp_path):
    saved(tmp_path)
    opened = Checkpoints(tmp_path, KEY)
    assert opened.refused == ""
    assert (opened.found.step, opened.found.facts) == (7, checkpoint().facts)
    expected = checkpoint().tensors
    assert set(opened.found.tensors) == set(expected)
    for name, one in expected.items():
        assert torch.equal(opened.found.tensors[name], one)
        assert opened.found.tensors[name].dtype == one.dtype


def test_without_one_there_is_nothing_to_tell(tmp_path):
    opened = Checkpoints(tmp_path, KEY)
    assert (opened.found, opened.refused) == (None, "")
    assert list(tmp_path.iterdir()) == []


def test_only_the_last_is_kept_and_it_can_be_forgotten(tmp_path):
    folder = saved(tmp_path, 7)
    (folder / "step-8.safetensors.123.partial").touch()  # of a worker that was killed
    saved(tmp_path, 9)
    assert {path.name for path in folder.iterdir()} == {"step-9.safetensors", "checkpoint.json"}
    assert Checkpoints(tmp_path, KEY).found.step == 9
    forget(tmp_path)
    forget(tmp_path)
    assert list(tmp_path.iterdir()) == []


def edited(folder, **changes):
    path = folder / "checkpoint.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: cut(folder / "step-7.safetensors"), "step-7.safetensors is torn"),
        (lambda folder: cut(folder / "checkpoint.json"), "checkpoint.json is torn"),
        (lambda folder: (folder / "checkpoint.json").write_text("[1]"), "checkpoint.json is torn"),
        (lambda folder: (folder / "checkpoint.json").write_text("{}"), "checkpoint.json is torn"),
        (lambda folder: (folder / "step-7.safetensors").unlink(), "step-7.safetensors is missing"),
        (lambda folder: edited(folder, step=6), "changed after it was written"),
        (lambda folder: flip(folder / "step-7.safetensors"), "step-7.safetensors is torn"),
    ],
)
def test_a_damaged_one_is_refused(tmp_path, damage, reason):
    damage(saved(tmp_path))
    opened = Checkpoints(tmp_path, KEY)
    assert opened.found is None
    assert reason in opened.refused
    # It does not stand in the way of the next.
    opened.save(checkpoint(8))
    assert Checkpoints(tmp_path, KEY).found.step == 8


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_foreign_one_is_refused(tmp_path, monkeypatch):
    saved(tmp_path)
    assert "another experiment" in Checkpoints(tmp_path, "fedcba9876543210").refused
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "_FORMAT", 2)
        assert "another format" in Checkpoints(tmp_path, KEY).refused
    with monkeypatch.context() as patched:
        patched.setattr(torch, "__version__", "1.0")
        patched.setattr(torch, "get_num_threads", lambda: 77)
        assert "another torch, threads" in Checkpoints(tmp_path, KEY).refused
    assert Checkpoints(tmp_path, KEY).found is not None


def test_one_that_other_code_made_is_refused(tmp_path, monkeypatch):
    code = tmp_path / "checkout"
    for room in ("models", "bench"):
        (code / room / "inner").mkdir(parents=True)
        (code / room / "inner" / "file.py").write_text("rate = 1")
    monkeypatch.setattr(checkpoints, "_REPOSITORY", code)
    saved(tmp_path)
    (code / "README.md").write_text("it trains nothing")
    assert Checkpoints(tmp_path, KEY).found is not None
    (code / "models" / "inner" / "file.py").write_text("rate = 2")
    assert "another code" in Checkpoints(tmp_path, KEY).refused


@pytest.mark.parametrize(("cost", "wait"), [(0.1, 60.0), (0.6, 60.0), (2.0, 200.0)])
def test_they_come_after_a_minute_and_take_a_hundredth_at_most(tmp_path, monkeypatch, cost, wait):
    clock = {"now": 0.0}
    monkeypatch.setattr("time.monotonic", lambda: clock["now"])
    keeper = Checkpoints(tmp_path, KEY)
    assert not keeper.is_due()
    clock["now"] = 60.0
    assert keeper.is_due()

    def write(path, content):
        clock["now"] += cost / 2  # two files

    monkeypatch.setattr(checkpoints, "write_whole", write)
    keeper.save(checkpoint())
    clock["now"] += wait - 0.01
    assert not keeper.is_due()
    clock["now"] += 0.02
    assert keeper.is_due()
