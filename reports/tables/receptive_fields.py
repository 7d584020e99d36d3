"""Tables of receptive fields: chains of blocks, what networks use, and the claim about both."""

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from bench.before_training import AFTER, BEFORE
from reports.measured.effective_fields import (
    KINDS,
    BlockFields,
    radius_holding,
    within,
)
from reports.measured.results import Estimate
from reports.measured.spectra import COUNTED, WEIGHTED, BlockPaths, Chain
from reports.paper.claim1 import (
    BY_HAND,
    CLAIMED,
    RULE_NAMES,
    FieldFinding,
    PathFinding,
)
from reports.tables.cells import UNKNOWN, percent, signed

_HALF, _MOST = 0.5, 0.9  # shares of the energy whose radii are told


def path_claim_table(found: Sequence[PathFinding]) -> pd.DataFrame:
    """Return the share of short paths of the claim's blocks under each rule, and the verdict."""
    return pd.DataFrame(
        [
            {"paths are": one.say, "at equal": RULE_NAMES[one.rule]}
            | {
                f"{block} (of blocks)": UNKNOWN
                if chain is None
                else f"{told_share(float(chain.short(one.say)))} (of {chain.depth})"
                for block, chain in zip(CLAIMED, one.chains, strict=True)
            }
            | {"verdict": f"**{one.verdict}**"}
            for one in found
        ]
    )


def field_claim_table(found: Sequence[FieldFinding]) -> pd.DataFrame:
    """Return the energy near the centre of the claim's networks, its differences, the verdict."""
    return pd.DataFrame(
        [
            {"images": one.kind, "training": one.when}
            | {
                block: percent(estimate)
                for block, estimate in zip(CLAIMED, one.estimates, strict=True)
            }
            | {
                f"{block} − {other}": signed(gap)
                for (block, other), gap in zip(pairwise(CLAIMED), one.differences, strict=True)
            }
            | {"verdict": f"**{one.verdict}**"}
            for one in found
        ]
    )


def chain_table(spectra: Sequence[BlockPaths], rule: str) -> pd.DataFrame:
    """Return the chains of one rule, a row a block; one that is not known has its reason."""
    return pd.DataFrame(
        [
            {"block": one.experiment.block}
            | _chain_cells(one.chains.get(rule), BY_HAND[rule].get(one.experiment.block, ""))
            | {"": _reason(one, rule)}
            for one in spectra
        ]
    ).pipe(_without_empty)


def field_table(fields: Sequence[BlockFields], kind: str, near: float) -> pd.DataFrame:
    """Return what each network uses of one kind of images, before and after training."""
    inside = within(near)
    rows = []
    for one in fields:
        if one.looks:
            gain = one.change(kind, inside)
            rows.append(
                {
                    "block": one.name,
                    f"within {near:g} px, before": percent(one.estimate(kind, BEFORE, inside)),
                    "after": percent(one.estimate(kind, AFTER, inside)),
                    "after − before": signed(gain),
                    "50 % radius, before": _pixels(one.estimate(kind, BEFORE, _HELD_HALF)),
                    "50 % radius, after": _pixels(one.estimate(kind, AFTER, _HELD_HALF)),
                    "90 % radius, before": _pixels(one.estimate(kind, BEFORE, _HELD_MOST)),
                    "90 % radius, after": _pixels(one.estimate(kind, AFTER, _HELD_MOST)),
                }
            )
    return pd.DataFrame(rows)


def fields_frame(fields: Sequence[BlockFields], near: float) -> pd.DataFrame:
    """Return the raw numbers, a row a block, kind of images, and before or after training."""
    statistics = {
        f"energy_within_{near:g}px_fraction": within(near),
        "radius_50_px": _HELD_HALF,
        "radius_90_px": _HELD_MOST,
    }
    rows = []
    for one in fields:
        for kind in KINDS if one.looks else ():
            for when in (BEFORE, AFTER):
                row: dict[str, object] = {
                    "block": one.name,
                    "images": kind,
                    "training": when,
                    "number_of_images": one.looks[0].images(kind),
                    "seeds": len(one.looks),
                }
                for name, statistic in statistics.items():
                    estimate = one.estimate(kind, when, statistic)
                    row |= {
                        name: estimate.value,
                        f"{name}_low95": estimate.low,
                        f"{name}_high95": estimate.high,
                    }
                rows.append(row | {"keys": " ".join(look.experiment.key for look in one.looks)})
    return pd.DataFrame(rows)


def unfinished_table(
    spectra: Sequence[BlockPaths], fields: Sequence[BlockFields], trained: pd.DataFrame
) -> pd.DataFrame:
    """Return everything that was planned and has no record: that of ``trained``, and the rest."""
    rows = [
        {"what": f"paths of {one.experiment.block}", "seed": UNKNOWN, "reason": one.reason}
        for one in spectra
        if one.reason
    ]
    rows += [
        {"what": f"effective field of {one.name}", "seed": str(seed), "reason": reason}
        for one in fields
        for seed, reason in one.unfinished
    ]
    return pd.concat([trained, pd.DataFrame(rows)], ignore_index=True)


def told_share(share: float) -> str:
    """Return a share with three decimals, or with one digit where these would be nothing."""
    return f"{share:.3f}" if share >= 0.001 or share == 0 else f"{share:.1g}"


_HELD_HALF, _HELD_MOST = radius_holding(_HALF), radius_holding(_MOST)


def _chain_cells(chain: Chain | None, by_hand: str) -> dict[str, str]:
    if chain is None:
        return {}
    gate = chain.gate_mean
    return {
        "blocks": str(chain.depth),
        "parameters, M": f"{chain.params / 1e6:.3f}",
        "longest path, cells": str(chain.largest),
        "short paths": told_share(float(chain.short(COUNTED))),
        "by hand": by_hand,
        "short, by weight": told_share(float(chain.short(WEIGHTED))),
        "mean, cells": f"{chain.mean(COUNTED):.1f}",
        "mean by weight": f"{chain.mean(WEIGHTED):.1f}",
        "mean into gates": "" if gate is None else f"{gate:.1f}",
    }


def _reason(one: BlockPaths, rule: str) -> str:
    if one.reason:
        return "not counted; see below"
    return "" if rule in one.chains else f"no number of its blocks meets equal {RULE_NAMES[rule]}"


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame without columns of which every cell is empty."""
    whole = frame.fillna("")
    return whole.loc[:, (whole != "").any()]


def _pixels(estimate: Estimate) -> str:
    return f"{estimate.value:.1f} [{estimate.low:.1f}, {estimate.high:.1f}]"
