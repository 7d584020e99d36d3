"""Tables of gates: the claim, the slopes over all joints, and those within each."""

from collections.abc import Sequence

import pandas as pd

from bench.before_training import AFTER, BEFORE
from bench.gates.facts import CROWDING, FACTORS, OCCLUSION, SIZE
from reports.measured.gates import CONTEXT, POOLED, RESPONSES, GateNetwork
from reports.measured.results import Estimate
from reports.paper.claim2 import GateFinding
from reports.paper.verdicts import FAILS, HOLDS
from reports.tables.cells import UNKNOWN, signed


def claim_table(found: Sequence[GateFinding]) -> pd.DataFrame:
    """Return the deciding slope of each network, and within how many joints it has which sign."""
    return pd.DataFrame(
        [
            {
                "network": one.name,
                f"{CONTEXT} on {OCCLUSION}: before training": signed(one.slope.before),
                "after": signed(one.slope.after),
                "after − before": signed(one.slope.change),
                "after, by itself": signed(one.alone),
                "joints above 0": _joints(one, HOLDS),
                "joints below 0": _joints(one, FAILS),
                "verdict": f"**{one.verdict}**",
            }
            for one in found
        ]
    )


def mean_table(network: GateNetwork) -> pd.DataFrame:
    """Return the mean of each gate over all joints, before training and after."""
    return pd.DataFrame(
        [
            {
                "gate": response,
                "mean before training": _percent(network.mean(response, when=BEFORE)),
                "mean after": _percent(network.mean(response)),
            }
            for response in RESPONSES
        ]
    )


def pooled_table(network: GateNetwork) -> pd.DataFrame:
    """Return the slope of each gate on each factor over all joints, before training and after."""
    return pd.DataFrame(
        [
            {"gate": response, "on": factor}
            | _looks(network, factor, response)
            | {
                f"by itself, {when}": signed(network.slope(factor, response, when=when, alone=True))
                for when in (BEFORE, AFTER)
            }
            for response in RESPONSES
            for factor in FACTORS
        ]
    )


def joint_table(network: GateNetwork) -> pd.DataFrame:
    """Return the slopes of long minus short on occlusion within each joint, and over all."""
    return pd.DataFrame(
        [
            {"joint": joint, "samples": f"{network.samples(joint):,}"}
            | _looks(network, OCCLUSION, CONTEXT, joint)
            for joint in (*network.joints, POOLED)
        ]
    )


def other_joint_table(network: GateNetwork) -> pd.DataFrame:
    """Return the slopes of long minus short on the other factors within each joint."""
    return pd.DataFrame(
        [
            {"joint": joint}
            | {
                f"on {factor}, {when}": signed(network.slope(factor, CONTEXT, joint, when=when))
                for factor in (SIZE, CROWDING)
                for when in (BEFORE, AFTER)
            }
            for joint in (*network.joints, POOLED)
        ]
    )


def gates_frame(networks: Sequence[GateNetwork]) -> pd.DataFrame:
    """Return every slope for programs, as fractions of the gate's range."""
    return pd.DataFrame(
        [
            {
                "network": network.name,
                "joint": joint,
                "samples": network.samples(joint),
                "gate": response,
                "factor": factor,
                "others_held_equal": not alone,
                **_numbers("slope", network.slope(factor, response, joint, alone=alone)),
                **_numbers(
                    "before_training",
                    network.slope(factor, response, joint, when=BEFORE, alone=alone),
                ),
                **_numbers("change", network.change(factor, response, joint, alone=alone)),
            }
            for network in networks
            for joint in ((*network.joints, POOLED) if network.looks else ())
            for factor in FACTORS
            for response in RESPONSES
            for alone in (False, True)
        ]
    )


def unfinished_table(networks: Sequence[GateNetwork], failures: pd.DataFrame) -> pd.DataFrame:
    """Return what has no finished record: gates, and then the trainings of ``failures``."""
    rows = [
        {"what": f"gates of {network.name}", "seed": str(seed), "reason": reason}
        for network in networks
        for seed, reason in network.unfinished
    ]
    return pd.concat([pd.DataFrame(rows), failures], ignore_index=True)


def _looks(network: GateNetwork, factor: str, response: str, joint: str = POOLED) -> dict[str, str]:
    """Return the cells of a slope before training, after it, and of their difference."""
    return {
        "before training": signed(network.slope(factor, response, joint, when=BEFORE)),
        "after": signed(network.slope(factor, response, joint)),
        "after − before": signed(network.change(factor, response, joint)),
    }


def _joints(one: GateFinding, side: str) -> str:
    told = f"{len(one.joints(side))} of {len(one.by_joint)}"
    return f"{told} ({len(one.learnt(side))} learnt)" if one.controlled else told


def _numbers(name: str, slope: Estimate | None) -> dict[str, float | None]:
    if slope is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {name: slope.value, f"{name}_low": slope.low, f"{name}_high": slope.high}


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.1f}"
