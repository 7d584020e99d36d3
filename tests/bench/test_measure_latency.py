"""Latency of trained models, from their weights on disk to a record's values."""

import json
from pathlib import Path

import torch
from fake_experiments import experiment, latency
from safetensors.torch import save_file
from stage_clock import quiet

from bench.footprint import NO_GPU
from bench.jobs import LatencyExperiment
from bench.measure import WEIGHTS, create_model, measure_latency


def test_each_batch_size_of_each_model_has_its_times_and_memory(tmp_path: Path) -> None:
    planned = [experiment("residual"), experiment("ioi")]
    for one in planned:
        (tmp_path / one.key).mkdir()
        save_file(create_model(one).state_dict(), tmp_path / one.key / WEIGHTS)
    timing = LatencyExperiment(latency(*planned).experiments, (1, 4), 6)
    measured, evidence = measure_latency(timing, tmp_path, quiet)
    assert evidence == {}
    assert json.loads(json.dumps(measured, allow_nan=False)) == measured
    assert list(measured["models"]) == [one.key for one in planned]
    for by_batch in measured["models"].values():
        assert list(by_batch) == ["1", "4"]
        for times in by_batch.values():
            assert times["samples"] == 6
            assert 0 < times["low_ms"] <= times["median_ms"] <= times["p90_ms"] <= times["p99_ms"]
        one, four = (times["peak_bytes"] for times in by_batch.values())
        assert 2 * one < four <= 4.5 * one
    assert measured["threads"] == torch.get_num_threads()
    assert measured["processor_share"] > 0
    assert measured["no_energy"] == NO_GPU
