"""Keys and JSON of experiments."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bench.experiment import UNION, Experiment, Part
from bench.plan import Plan
from bench.records import all_records, job_of

PUBLISHED = Path(__file__).resolve().parents[2] / "reports" / "published"


def variations(experiment):
    blurred = replace(experiment.data, factors=(("blur", 0.8), ("people", (2, 4))))
    return {
        "tested": replace(experiment, tested=blurred),
        "starts_from": replace(experiment, starts_from="0" * 16),
        "factors": replace(experiment, data=blurred),
        "mixture": replace(
            experiment, mixture=(Part(experiment.data, 1.0), Part(blurred, 0.5, "k", ("nose",)))
        ),
    }


@pytest.mark.parametrize("field", ["tested", "starts_from", "factors", "mixture"])
def test_every_field_survives_json_and_enters_the_key(make_experiment, field):
    plain = make_experiment()
    changed = variations(plain)[field]
    assert Experiment.from_dict(json.loads(json.dumps(asdict(changed)))) == changed
    assert changed.key != plain.key
    # What a network is measured on does not decide its weights.
    assert (changed.training_key == plain.training_key) == (field == "tested")
    hash(changed.data)  # data sets are told apart by it


def test_fields_that_came_later_leave_the_keys_of_older_records_alone():
    for record in all_records(PUBLISHED / "blocks-lspet-cpu" / "records")[0]:
        assert job_of(record["kind"], record["experiment"]).key == record["key"]
        assert "starts_from" not in record["experiment"]


def test_an_experiment_waits_for_the_weights_that_it_needs(make_experiment):
    detector = make_experiment("detector")
    person = replace(make_experiment("person"), starts_from=detector.key)
    blurred = replace(person, tested=replace(person.data, factors=(("blur", 0.8),)))
    steps = Plan((detector, person, blurred)).steps()
    assert [one.experiment for one in steps] == [detector, person, blurred]
    assert [one.after for one in steps] == [(), (detector.key,), (person.key,)]
    assert [one.trained_by for one in steps] == ["", "", person.key]


def test_a_mixture_waits_for_weights_and_annotations_and_has_every_joint(make_experiment):
    plain = make_experiment()
    parts = (Part(plain.data, 1.0), Part(plain.data, 1.0, "noses", ("nose",)))
    mixed = replace(plain, mixture=parts, starts_from="weights")
    assert plain.needs == () and mixed.needs == ("weights", "noses")
    assert (plain.skeleton, mixed.skeleton) == ("coco17", UNION)
    assert plain.learnt_from == (plain.data,)
    assert mixed.learnt_from == (plain.data, plain.data)


@pytest.mark.parametrize("change", [{"weight": 2.0}, {"annotated_by": "x"}, {"adds": ("nose",)}])
def test_every_part_of_a_mixture_decides_the_weights(make_experiment, change):
    plain = make_experiment()
    one, other = (
        replace(plain, mixture=(Part(plain.data, 1.0), part))
        for part in (Part(plain.data, 1.0), replace(Part(plain.data, 1.0), **change))
    )
    assert one.training_key != other.training_key
    assert one.key != other.key
