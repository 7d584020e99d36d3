"""What a run has to bring to records."""

from dataclasses import dataclass, field
from typing import Any

from bench.experiment import (
    CeilingExperiment,
    Experiment,
    LatencyExperiment,
    StageExperiment,
)


@dataclass(frozen=True)
class Plan:
    """A suite's jobs in table order.

    Attributes:
        experiments: each trained and measured, or measured with the weights of the first before it
            that has the same training.
        ceilings: of decoders, without a network.
        latency: the timing of those experiments that succeed; None where nothing is to be timed.
        stages: timings that need no trained weights.
        matches: experiment key -> how its size was matched, as a record holds it.
    """

    experiments: tuple[Experiment, ...]
    latency: LatencyExperiment | None = None
    matches: dict[str, dict[str, Any]] = field(default_factory=dict)
    ceilings: tuple[CeilingExperiment, ...] = ()
    stages: tuple[StageExperiment, ...] = ()

    def trainings(self) -> tuple[list[Experiment], list[tuple[Experiment, str]]]:
        """Return the experiments that train, and the others with the key of the one that did."""
        first: dict[str, Experiment] = {}
        for experiment in self.experiments:
            first.setdefault(experiment.training_key, experiment)
        trained = list(first.values())
        others = [
            (one, first[one.training_key].key)
            for one in self.experiments
            if one.key != first[one.training_key].key
        ]
        return trained, others
