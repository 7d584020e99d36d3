"""Tables of gates: the claim, the slopes over all joints, and those within each."""

from collections.abc import Sequence

import pandas as pd

from bench.gates.facts import FACTORS, OCCLUSION
from reports.measured.gates import CONTEXT, POOLED, RESPONSES, GateNetwork
from reports.paper.claim2 import GateFinding
from reports.paper.verdicts import FAILS, HOLDS
from reports.tables.cells import UNKNOWN, signed


def claim_table(found: Sequence[GateFinding]) -> pd.DataFrame:
    """Return the deciding slope of each network, and within how many joints it has which sign."""
    return pd.DataFrame(
        [
            {
                "network": one.name,
                f"{CONTEXT} on {OCCLUSION}": UNKNOWN if one.slope is None else signed(one.slope),
                "by itself": UNKNOWN if one.alone is None else signed(one.alone),
                "joints above 0": f"{len(one.joints(HOLDS))} of {len(one.by_joint)}",
                "joints below 0": f"{len(one.joints(FAILS))} of {len(one.by_joint)}",
                "verdict": f"**{one.verdict}**",
            }
            for one in found
        ]
    )


def pooled_table(network: GateNetwork) -> pd.DataFrame:
    """Return the mean of each gate, and its slope on each factor over all joints."""
    return pd.DataFrame(
        [
            {"gate": response, "mean": _percent(network.mean(response))}
            | {
                f"on {factor}{', by itself' * alone}": _told(network, factor, response, alone)
                for alone in (False, True)
                for factor in FACTORS
            }
            for response in RESPONSES
        ]
    )


def joint_table(network: GateNetwork) -> pd.DataFrame:
    """Return the slopes of long minus short within each joint, and over all."""
    rows = []
    for joint in (*network.joints, POOLED):
        slopes = {factor: network.slope(factor, CONTEXT, joint) for factor in FACTORS}
        told = {
            f"on {factor}": UNKNOWN if one is None else signed(one)
            for factor, one in slopes.items()
        }
        rows.append({"joint": joint, "samples": f"{network.samples(joint):,}"} | told)
    return pd.DataFrame(rows)


def gates_frame(networks: Sequence[GateNetwork]) -> pd.DataFrame:
    """Return every slope for programs, as fractions of the gate's range."""
    rows = []
    for network in networks:
        for joint in (*network.joints, POOLED) if network.looks else ():
            for factor in FACTORS:
                for response in RESPONSES:
                    for alone in (False, True):
                        slope = network.slope(factor, response, joint, alone=alone)
                        rows.append(
                            {
                                "network": network.name,
                                "joint": joint,
                                "samples": network.samples(joint),
                                "gate": response,
                                "factor": factor,
                                "others_held_equal": not alone,
                                "slope": None if slope is None else slope.value,
                                "low": None if slope is None else slope.low,
                                "high": None if slope is None else slope.high,
                            }
                        )
    return pd.DataFrame(rows)


def unfinished_table(networks: Sequence[GateNetwork], failures: pd.DataFrame) -> pd.DataFrame:
    """Return what has no finished record: gates, and then the trainings of ``failures``."""
    rows = [
        {"what": f"gates of {network.name}", "seed": str(seed), "reason": reason}
        for network in networks
        for seed, reason in network.unfinished
    ]
    return pd.concat([pd.DataFrame(rows), failures], ignore_index=True)


def _told(network: GateNetwork, factor: str, response: str, alone: bool) -> str:
    slope = network.slope(factor, response, alone=alone)
    return UNKNOWN if slope is None else signed(slope)


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.1f}"
