"""Verdicts made by hand, and audits to judge."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from labelaudit.check.verdict import Matched, Outcome, Suspicion, Verdict

MakeVerdict = Callable[..., Verdict]


def outcome(status: str = "failed", **more: object) -> Outcome:
    whole = Outcome(
        gate="max_flagged_share",
        status=status,
        value=0.12 if status != "skipped" else None,
        interval=(0.1, 0.15) if status != "skipped" else None,
        limit=0.05,
        sense="at most",
        unit="share",
        basis="rows that the model suspects; 95 % interval, of sampling only",
        message="12 % (10 % to 15 %), limit at most 5 %",
        remedy="look at the suspects",
    )
    return replace(whole, **more)  # type: ignore[arg-type]


def suspicion(rank: int, text: str = "", **more: object) -> Suspicion:
    whole = Suspicion(
        rank=rank,
        row=7 * rank,
        id=text or f"img/{rank:04d}.png",
        given=f"{text}cat",
        suggested=f"{text}dog",
        quality=rank / 100_000,
        path=f"data/{text or 'labels.csv'}",
        line=7 * rank + 2,
        state="new",
        fingerprint=f"{rank:016x}",
    )
    return replace(whole, **more)  # type: ignore[arg-type]


def verdict(n: int = 3, text: str = "", **more: object) -> Verdict:
    whole = Verdict(
        dataset=text or "pets",
        tool_version="0.1.0",
        n_examples=1_000,
        n_flagged=n,
        outcomes=(
            outcome("passed", gate="max_imbalance", basis="a count", unit="ratio", interval=None),
            outcome("failed", scope=f"class {text or 'cat'}"),
            outcome("warned", gate="max_model_noise"),
            outcome("skipped", gate="max_error_rate", message="cannot be judged: nobody looked"),
        ),
        suspicions=tuple(suspicion(rank, text) for rank in range(1, n + 1)),
    )
    return replace(whole, **more)  # type: ignore[arg-type]


@pytest.fixture
def matched() -> Matched:
    return Matched(
        path="labelaudit-baseline.json",
        n_new=2,
        n_moved=1,
        n_known=5,
        n_expired=0,
        stale=("a", "b"),
        rests_on="ids",
    )
