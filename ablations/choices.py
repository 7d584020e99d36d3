"""What there is to choose from, as lines for people."""

from collections.abc import Iterator

from ablations import COLLECTIONS, SUITES


def choices(suite: str) -> Iterator[str]:
    """Yield suites, the presets of ``suite``, data sets, blocks and pipelines, a line each."""
    from bench.data.datasets import DATASET_NAMES
    from models import list_blocks, list_pipelines

    questions = {name: one.question for name, one in SUITES.items()}
    questions |= {name: one.question for name, one in COLLECTIONS.items()}
    purposes = {name: preset.purpose for name, preset in SUITES[suite].presets.items()}
    for kind, entries in (("suites", questions), (f"presets of suite {suite}", purposes)):
        yield f"{kind}:"
        yield from (f"  {name:<12} {text}" for name, text in entries.items())
    yield f"data sets: {', '.join(DATASET_NAMES)}"
    yield f"blocks: {', '.join(list_blocks())}"
    yield f"pipelines: {', '.join(list_pipelines())}"
