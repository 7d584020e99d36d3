"""What torchrun tells a process, and what its workers are told."""

import pytest
from side_by_side_processes import loopback

from bench.problem import Problem
from bench.running.launch import (
    MEETING,
    Launch,
    environment_alone,
    environment_of_member,
    launch_of,
)


def test_a_process_that_is_alone_has_no_launch():
    assert launch_of({}) is None
    assert launch_of(loopback(0, 1, 29500)) is None  # torchrun --nproc-per-node 1


def test_torchrun_tells_each_its_place():
    assert launch_of(loopback(1, 2, 29500)) == Launch(1, 2, 2)


@pytest.mark.parametrize("change", [{"RANK": None}, {"MASTER_PORT": None}, {"RANK": "first"}])
def test_half_a_place_is_one_problem(change):
    told = loopback(0, 2, 29500) | change
    with pytest.raises(Problem, match="WORLD_SIZE is 2, and what else torchrun sets is missing"):
        launch_of({name: value for name, value in told.items() if value is not None})


def test_only_a_worker_that_meets_others_finds_a_place_in_its_environment():
    place = loopback(1, 2, 29500) | {"HOME": "/home/me"}
    assert launch_of(environment_alone(place)) is None
    assert environment_alone(place)["HOME"] == "/home/me"
    member = environment_of_member(place, "job 3")
    assert launch_of(member) == Launch(1, 2, 2)
    assert MEETING not in environment_alone(member)


@pytest.mark.parametrize(
    ("launch", "words"),
    [
        (Launch(0, 4, 4), "torchrun --nproc-per-node 4"),
        (Launch(0, 16, 8), "torchrun --nnodes 2 --nproc-per-node 8"),
    ],
)
def test_a_record_names_what_starts_as_many(launch, words):
    assert " ".join(launch.starter) == words
