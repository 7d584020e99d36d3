"""What a run has to bring to records."""

from dataclasses import dataclass, field
from typing import Any

from bench.experiment import Experiment
from bench.jobs import (
    AnnotationExperiment,
    CeilingExperiment,
    FieldExperiment,
    GateExperiment,
    LatencyExperiment,
    SpectrumExperiment,
    StageExperiment,
)


@dataclass(frozen=True)
class Plan:
    """A suite's jobs in table order.

    Attributes:
        experiments: each trained and measured, or measured with the weights of the first before it
            that has the same training. What it starts from or learns from, another's weights or
            annotations, is made first.
        ceilings: of decoders, without a network.
        latency: the timing of those experiments that succeed; None where nothing is to be timed.
        stages: timings that need no trained weights.
        spectra: paths through blocks, without a network.
        fields: what the networks of ``experiments`` depend on, each looked at once it is trained.
        gates: what the gates of networks of ``experiments`` follow, each once it is trained.
        annotations: joints that networks of ``experiments`` mark, each once its own is trained.
        matches: experiment key -> how its size was matched, as a record holds it.
    """

    experiments: tuple[Experiment, ...]
    latency: LatencyExperiment | None = None
    matches: dict[str, dict[str, Any]] = field(default_factory=dict)
    ceilings: tuple[CeilingExperiment, ...] = ()
    stages: tuple[StageExperiment, ...] = ()
    spectra: tuple[SpectrumExperiment, ...] = ()
    fields: tuple[FieldExperiment, ...] = ()
    gates: tuple[GateExperiment, ...] = ()
    annotations: tuple[AnnotationExperiment, ...] = ()

    def steps(self) -> list["Step"]:
        """Return the experiments in order, each with what it has to wait for."""
        trainers: dict[str, Experiment] = {}
        for experiment in self.experiments:
            trainers.setdefault(experiment.training_key, experiment)
        steps = []
        for experiment in self.experiments:
            trainer = trainers[experiment.training_key].key
            trains = experiment.key == trainer
            steps.append(
                Step(
                    experiment,
                    after=experiment.needs if trains else (trainer,),
                    trained_by="" if trains else trainer,
                )
            )
        return steps


@dataclass(frozen=True)
class Step:
    """An experiment as it is run.

    Attributes:
        experiment: to bring to a record.
        after: keys of the jobs whose weights or annotations it needs.
        trained_by: key of the experiment whose weights it measures; "" where it trains.
    """

    experiment: Experiment
    after: tuple[str, ...]
    trained_by: str
