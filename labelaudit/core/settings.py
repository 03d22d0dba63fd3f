"""The settings that change results: validated once, each value with its origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean

FILTERS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
)
RANKING = "self_confidence"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A setting's value and where it came from: flag, default."""

    value: Any
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The settings that change results; `origins` says who set which: flag or default."""

    filter: str = FILTERS[0]
    seed: int = 0
    origins: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.filter not in FILTERS:
            raise ConfigError(
                f"filter {self.filter!r}: not one of {', '.join(FILTERS)}"
                f"{did_you_mean(self.filter, FILTERS)}"
            )

    @property
    def settings(self) -> dict[str, Setting]:
        """What the audit writes down."""
        return {
            name: Setting(value=getattr(self, name), origin=self.origins.get(name, "default"))
            for name in ("filter", "seed")
        }
