"""The settings that change results: validated once, each value with its origin."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean, printable

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
)
RANKINGS = (
    "flow_adjusted",
    "self_confidence",
    "normalized_margin",
    "confidence_weighted_entropy",
    "adjusted_self_confidence",
    "adjusted_normalized_margin",
    "aldr",
)
JOINTS = ("cleanlab", "paper")
# The settings that detection obeys, beside the seed; and those that measuring does.
OF_DETECTION = ("filter", "ranking", "joint", "top", "near_duplicate_threshold")
OF_MEASURES = ("measures", "skip")


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A setting's value and where it came from: flag, default."""

    value: Any
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The settings that change results; `origins` says who set which: flag or default.

    `top` is a budget, "500" or "2%": only the most doubtful of what the filter flags stay.
    `near_duplicate_threshold` is in median distances of nearest neighbours.
    `allow` names checks of the input contract whose failure does not refuse the audit; `strict`
    refuses where one raises an alert. `measures` are those to run, None for all, less those
    that `skip` names.
    """

    filter: str = FILTERS[0]
    ranking: str = RANKINGS[0]
    joint: str = JOINTS[0]
    top: str | None = None
    near_duplicate_threshold: float = 0.13
    seed: int = 0
    allow: tuple[str, ...] = ()
    strict: bool = False
    measures: tuple[str, ...] | None = None
    skip: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, known in (("filter", FILTERS), ("ranking", RANKINGS), ("joint", JOINTS)):
            value = getattr(self, name)
            if value not in known:
                raise ConfigError(
                    f"{name} {printable(value, 60)!r}: not one of {', '.join(known)}"
                    f"{did_you_mean(value, known)}"
                )
        if self.seed < 0:
            raise ConfigError(f"seed {self.seed}: say a whole number from 0 on")
        if self.top is not None:
            budget(self.top, 0)
        if not 0 <= self.near_duplicate_threshold < math.inf:
            raise ConfigError("near_duplicate_threshold: say a number from 0 on, such as 0.13")

    @property
    def settings(self) -> dict[str, Setting]:
        """What the audit writes down."""
        values = {
            "filter": self.filter,
            "ranking": self.ranking,
            "joint": self.joint,
            "top": self.top,
            "near_duplicate_threshold": self.near_duplicate_threshold,
            "seed": self.seed,
            "allow": sorted(set(self.allow)),
            "strict": self.strict,
            "measures": "all" if self.measures is None else sorted(set(self.measures)),
            "skip": sorted(set(self.skip)),
        }
        return {
            name: Setting(value=value, origin=self.origins.get(name, "default"))
            for name, value in values.items()
        }


def budget(top: str, n_rows: int) -> int:
    """Return how many of `n_rows` a budget allows: "500" rows, or "2%" of them, 1 at least.

    >>> budget("500", 10_000), budget("2%", 10_099), budget("0.5 %", 100)
    (500, 201, 1)
    """
    number = re.fullmatch(r"([0-9]{1,12})|([0-9]{1,3}(?:\.[0-9]{1,9})?) ?%", top.strip())
    if number is None:
        raise ConfigError(f"top {printable(top, 40)!r}: say how many, 500, or a share of all, 2%")
    if number[1] is not None:
        rows = int(number[1])
    else:
        share = Fraction(number[2])
        if share > 100:
            raise ConfigError(f"top {printable(top, 40)!r}: more than all")
        rows = max(math.floor(share * n_rows / 100), 1 if share and n_rows else 0)
    if rows == 0 and n_rows:
        raise ConfigError(f"top {printable(top, 40)!r}: nothing would be flagged; say at least 1")
    return rows
