"""What people said of suspects: human facts, which stand above every estimate of a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from labelaudit.core.intervals import wilson

# What people said of one label; all but the first mean that it was not upheld.
VERDICTS = ("stands", "suggested", "both", "neither", "no_agreement")


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """People's verdict on one row: how many chose which option, and what came of it.

    `votes` are counts by option (given, suggested, both, neither); `annotators` counts by class
    name of those who labelled the row without seeing its label, where there are such.
    """

    verdict: str
    votes: Mapping[str, int] = field(default_factory=dict)
    annotators: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviews:
    """The reviews of an audit's suspects, by row of the labels file.

    `n_suspects` suspects of `n_examples` labels; the reviewed among them are a random sample of
    the suspects unless all of them were reviewed. `rule` is what counts as not upheld, in words:
    it is part of every number here.
    """

    n_examples: int
    n_suspects: int
    rule: str
    by_row: Mapping[int, Review]

    @property
    def n_reviewed(self) -> int:
        """The suspects that people have looked at."""
        return len(self.by_row)

    @property
    def n_not_upheld(self) -> int:
        """Reviewed suspects whose label people did not uphold."""
        return sum(review.verdict != "stands" for review in self.by_row.values())

    @property
    def n_no_agreement(self) -> int:
        """Those among them on which people did not agree."""
        return sum(review.verdict == "no_agreement" for review in self.by_row.values())

    @property
    def rate(self) -> float | None:
        """The share of all labels that people would not uphold, errors outside the suspects not
        counted: F v / (m N); None where nothing was reviewed or none was wrong.

        Source: Northcutt, Athalye and Mueller 2021, section 4, their estimate of prevalence.
        """
        if not self.n_not_upheld or not self.n_examples:
            return None
        return self.n_suspects * self.n_not_upheld / (self.n_reviewed * self.n_examples)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval of the rate; None where all suspects were reviewed.

        Then nothing was sampled. It covers the sampling of suspects alone.
        """
        if not 0 < self.n_reviewed < self.n_suspects or not self.n_examples:
            return None
        low, high = wilson(self.n_not_upheld, self.n_reviewed)
        scale = self.n_suspects / self.n_examples
        return low * scale, high * scale
