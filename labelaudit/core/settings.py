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
    """The settings that change results; `origins` says who set which: flag or default.

    `allow` names checks of the input contract whose failure does not refuse the audit; `strict`
    refuses where one raises an alert.
    """

    filter: str = FILTERS[0]
    seed: int = 0
    allow: tuple[str, ...] = ()
    strict: bool = False
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
        values = {
            "filter": self.filter,
            "seed": self.seed,
            "allow": sorted(set(self.allow)),
            "strict": self.strict,
        }
        return {
            name: Setting(value=value, origin=self.origins.get(name, "default"))
            for name, value in values.items()
        }
