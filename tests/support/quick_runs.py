"""Runs with measurements of a moment, put in the place of real ones by a plugin."""

import textwrap
from contextlib import contextmanager

from bench.records import write_record
from bench.runner import Setting
from bench.running.run_lock import only_run
from bench.running.worker import Task, outline

# What the variants are called decides what becomes of them.
_PLUGIN = """
    import os, signal, sys, time
    import torch
    from torch import nn
    from bench import measure
    from bench.annotation import measure as annotation
    from models import register_block

    @register_block
    def quick(in_channels, out_channels):
        return nn.Identity()

    def measure_accuracy(experiment, folder, root, trained_by, report):
        report("train", 1, 2, loss=0.5, rate=10.0)
        print("a library speaks")
        if experiment.variant == "fails":
            raise ValueError("this one\\n  cannot be")
        if experiment.variant == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if experiment.variant == "leaves":
            sys.stderr.write("some C++ library gave up\\n")
            sys.stderr.flush()
            os._exit(7)
        if experiment.variant == "weights":
            stands = (folder / experiment.starts_from / "record.json").exists()
            given = [folder / part.annotated_by / "record.json" for part in experiment.mixture]
            stands = stands and all(path.exists() for path in given)
            return {"trained_by": trained_by, "stands": stands}, {}
        if experiment.variant == "long":
            found = (folder / experiment.key / "checkpoint" / "checkpoint.json").exists()
            if found:
                report("train", 40, 90, note="goes on after step 40 of 90")
                return {"went on": sorted(os.listdir(folder / experiment.key))}, {}
            (folder / experiment.key / "checkpoint").mkdir()
            (folder / experiment.key / "checkpoint" / "checkpoint.json").touch()
            (folder / experiment.key / "half a file").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if experiment.variant == "meets":
            (folder / f"seed-{experiment.seed}").touch()
            end = time.monotonic() + 60
            while not (folder / f"seed-{1 - experiment.seed}").exists():
                if time.monotonic() > end:
                    raise TimeoutError("the other has not begun")
                time.sleep(0.01)
            return {"threads": torch.get_num_threads()}, {}
        (folder / experiment.key / "detections.json").write_text("[]")
        return {"accuracy": {"AP": experiment.seed / 10}}, {}

    def measure_annotation(job, folder, root, report):
        stands = (folder / job.annotator.key / "record.json").exists()
        return {"people": 0, "joints": {}, "stands": stands}, {}

    def measure_latency(experiment, folder, report):
        return {"models": {one.key: {} for one in experiment.experiments}, "threads": 1}, {}

    measure.measure_accuracy, measure.measure_latency = measure_accuracy, measure_latency
    annotation.measure_annotation = measure_annotation
"""


@contextmanager
def quick_setting(place, command="python run_all.py", text=_PLUGIN, **changes):
    """Yield the setting of runs whose plugin is ``text``, written and locked below ``place``."""
    plugin = place / "quick.py"
    plugin.write_text(textwrap.dedent(text))
    folder = place / "results" / "suite" / "records"
    with only_run(folder) as lock:
        yield Setting(folder, None, plugin, 1, 1, command, lock, **changes)


class Watcher:
    """A progress that remembers."""

    def __init__(self):
        self.begun, self.events, self.results = [], [], []

    def begin(self, key, title):
        self.begun.append(title)

    def update(self, key, event):
        self.events.append(event)

    def end(self, key, result):
        self.results.append(result)


def states(outcomes):
    return [outcome.status for outcome in outcomes]


def filed(folder, experiment, **environment):
    """File a finished record of an experiment that nobody has run."""
    task = Task(experiment, folder, None, None, 1, {}, "", "")
    nothing = {"measured": {}, "evidence": {}, "files": [], "started": "", "seconds": 0.0}
    write_record(folder, outline(task, "") | nothing | {"environment": environment})
