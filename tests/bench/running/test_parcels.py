import json

import pytest

from bench.records import RECORD_FILE, read_record, write_record
from bench.running.parcels import pack, unpack
from bench.running.worker import FAILURE_LOG


@pytest.fixture
def filed(tmp_path, make_experiment):
    """A folder with the record of an experiment, which left one artefact; and its key."""
    job = make_experiment()
    folder = tmp_path / "here"
    (folder / job.key / "checkpoint").mkdir(parents=True)
    (folder / job.key / "weights.safetensors").write_bytes(bytes(range(256)))
    (folder / job.key / FAILURE_LOG).write_text("a warning")
    values = {
        "key": job.key,
        "kind": "accuracy",
        "status": "done",
        "reason": "",
        "experiment": json.loads(json.dumps(job, default=vars)),
        "measured": {},
        "evidence": {},
        "environment": {},
        "started": "2026-01-01T00:00:00+00:00",
        "seconds": 1.0,
        "command": "python run_all.py",
        "files": ["weights.safetensors"],
    }
    write_record(folder, values)
    return folder, job.key


def test_a_record_arrives_with_its_artefacts_and_nothing_else(filed, tmp_path):
    folder, key = filed
    parcel = pack(folder, key)
    assert sorted(parcel) == [RECORD_FILE, "weights.safetensors"]
    assert unpack(parcel, tmp_path / "there", key) == ""
    assert read_record(tmp_path / "there", key) == read_record(folder, key)
    assert (tmp_path / "there" / key / "weights.safetensors").read_bytes() == bytes(range(256))


@pytest.mark.parametrize("name", [RECORD_FILE, "weights.safetensors"])
def test_a_bit_that_flipped_on_the_way_is_noticed(filed, tmp_path, name):
    folder, key = filed
    parcel = pack(folder, key)
    content = bytearray(parcel[name])
    content[len(content) // 2] ^= 1
    assert unpack(parcel | {name: bytes(content)}, tmp_path / "there", key) != ""
    assert read_record(tmp_path / "there", key)[0] is None


def test_what_cannot_be_trusted_is_not_sent(filed):
    folder, key = filed
    (folder / key / "weights.safetensors").write_bytes(b"others")
    assert pack(folder, key) is None
    assert pack(folder, "0" * 16) is None


def test_a_parcel_writes_into_its_own_folder_alone(filed, tmp_path):
    folder, key = filed
    unpack(pack(folder, key) | {"../../escaped": b""}, tmp_path / "there", key)
    assert not (tmp_path / "escaped").exists()
