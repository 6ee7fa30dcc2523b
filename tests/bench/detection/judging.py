"""Everything that is asked of one recording of the benchmark, in one go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from bench.detection.binned_flow import binned_flow
from bench.detection.failures import why_false, why_missed
from bench.detection.falling_short import short_rises_s
from bench.detection.following import Followed, follow
from bench.detection.fooling import ASKED, Fooling, fooling
from bench.detection.informed import ASKED as ASKED_INFORMED
from bench.detection.informed import Informed, informed
from bench.detection.limit import Limit, limits
from bench.detection.ours import (
    find_hastily,
    find_patiently,
    find_rashly,
    find_soon,
    findings,
    told,
)
from bench.detection.peers import PEERS, Peer
from bench.detection.playing import play
from bench.detection.recording import recording
from bench.detection.scoring import SessionScore, score_session
from bench.detection.seeds import OTHER, Use
from bench.detection.slowness import Slowness, judge_slowness
from bench.detection.suction import SuctionScore, judge_suction
from bench.detection.tune import TUNED

TUNED_AS: Final = {"dry": "hard", OTHER: "typical"}
"""Families whose peers are tuned on another: without let-downs, or never trained on."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One recording: our score and why it is no better, the limit, and the peers' scores.

    Attributes:
        score: our detector's.
        followed: what it told of those it found.
        soon: the same when less likeness is asked.
        excused, soon_excused: both again, if a rise that falls short counted neither way.
        short_rises: how many of these there are.
        hasty: the same at a lower threshold.
        rash: the same, when it asks for hardly any evidence; ever less.
        patient: the same, by the sequential test alone.
        missed, false: reasons, after `failures`.
        limits: the clairvoyant's delay for each true let-down.
        informed: the delays of who knows every law; empty where that is not asked.
        fooling: how well the clairvoyant that looks would do if it were asked all the time; None
            where that is not asked.
        slowness: of the whole core.
        suction: what the core told of the pump; None for a plain scale.
        peers: by peer, as it was tuned.
        curves: by online peer, for each value of its threshold.
    """

    score: SessionScore
    followed: tuple[Followed, ...]
    soon: SessionScore
    excused: SessionScore
    soon_excused: SessionScore
    short_rises: int
    hasty: SessionScore
    rash: tuple[SessionScore, ...]
    patient: SessionScore
    missed: tuple[str, ...]
    false: tuple[str, ...]
    limits: tuple[Limit, ...]
    informed: tuple[Informed, ...]
    fooling: Fooling | None
    slowness: Slowness
    suction: SuctionScore | None
    peers: Mapping[str, SessionScore]
    curves: Mapping[str, tuple[SessionScore, ...]]


@cache
def tuned() -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Return the settings of the peers, by family and peer."""
    settings: Mapping[str, Mapping[str, Mapping[str, float]]] = json.loads(TUNED.read_text("utf-8"))
    return settings


def tuned_settings(family: str, peer: Peer) -> Mapping[str, float]:
    """Return the settings of one peer for one family."""
    return tuned()[TUNED_AS.get(family, family)][peer.name]


def judge(task: tuple[str, Use, int]) -> Judged:
    """Judge one recording, by family, use and seed."""
    family, use, seed = task
    made = recording(family, use, seed)
    ours = findings(made.samples)
    told_as_is, told_soon = told(ours), find_soon(made.samples)
    score = score_session(made, told_as_is)
    short_s = short_rises_s(made)
    excusing = replace(made, resumptions_s=(*made.resumptions_s, *short_s))
    played = play(made)
    limit = limits(made)
    flow = binned_flow(made.samples)
    peers: dict[str, SessionScore] = {}
    curves: dict[str, tuple[SessionScore, ...]] = {}
    for peer in PEERS:
        settings = tuned_settings(family, peer)
        peers[peer.name] = score_session(made, peer.find(flow, settings))
        if peer.online and peer.threshold is not None:
            curves[peer.name] = tuple(
                score_session(made, peer.find(flow, {**settings, peer.threshold: value}))
                for value in peer.grid[peer.threshold]
            )
    return Judged(
        score=score,
        followed=follow(made, ours),
        soon=score_session(made, told_soon),
        excused=score_session(excusing, told_as_is),
        soon_excused=score_session(excusing, told_soon),
        short_rises=len(short_s),
        hasty=score_session(made, find_hastily(made.samples)),
        rash=tuple(score_session(made, each) for each in find_rashly(made.samples)),
        patient=score_session(made, find_patiently(made.samples)),
        missed=tuple(
            why_missed(made, each, known)
            for each, known, delay_s in zip(made.let_downs, limit, score.delays_s, strict=True)
            if delay_s is None
        ),
        false=tuple(why_false(made, at_s) for at_s in score.false_s),
        limits=limit,
        informed=informed(made) if family in ASKED_INFORMED else (),
        fooling=fooling(made) if family in ASKED else None,
        slowness=judge_slowness(made, played),
        suction=judge_suction(made, played),
        peers=peers,
        curves=curves,
    )
