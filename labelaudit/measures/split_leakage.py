from collections.abc import Mapping
from typing import Any

from labelaudit.core.dataset import Check
from labelaudit.core.results import Alert, DatasetFacts, Detection, Measurement, Skipped
from labelaudit.core.text import printable
from labelaudit.measures.kinds import DerivedMeasure

_NAMED = 3


class SplitLeakage(DerivedMeasure):
    """How much of a split is also in another one: rows of test that stand in train, say.

    A model that has learned a row knows its label when it is tested on it, so the test looks
    better than the model is. The value is the share of the split that has most of it: rows whose
    input is equal to one of another split, shared / rows. 0 is the only good value; 1 % can move
    a test's accuracy by as much as a point.

    For each split: rows, shared rows, and those of them that carry another label there, which a
    model can but get wrong. For each pair of splits: the inputs in both, and those with different
    labels; and the first examples by id. What is equal is told by equal bytes of image files, of
    texts or of embeddings, whichever there is, through a hash of 64 bits: the check `leakage` of
    the input contract. Exact, of all rows that are in a split; no interval, it is a count.

    Range 0 to 1, lower is better. Any shared input raises a critical alert, for evaluation. Cost:
    none beside the check, which reads each input once, up to 2,000,000 rows and 1 GiB. Limits: a
    picture that was saved anew or a text with one more space is another input (`near_leakage`
    sees such where there are embeddings); the same person or scene in two splits is not seen.

    Source: Kaufman, Rosset and Perlich, Leakage in data mining, 2012; Barz and Denzler, Do we
    train on test data?, 2020 (3 and 10 % of the tests of CIFAR-10 and CIFAR-100).
    """

    name = "split_leakage"
    title = "Leakage between splits"
    needs = frozenset({"slices.split"})

    @staticmethod
    def measure(
        facts: DatasetFacts, detection: Detection | None, earlier: Mapping[str, Any]
    ) -> Measurement | Skipped:
        kind = SplitLeakage
        if len(facts.slices["split"]) < 2:
            return one_split(kind.name, kind.title)
        check = earlier.get("contract.leakage")
        if not isinstance(check, Check) or "by_split" not in check.evidence:
            why = check.message if isinstance(check, Check) else "no input was compared"
            return Skipped(
                name=kind.name,
                title=kind.title,
                reason=why,
                remedy="images, a column of texts, or --embeddings FILE",
            )
        found = check.evidence
        own = [one for one in found["by_split"] if one["rows"]]
        shares = [one["shared"] / one["rows"] for one in own]
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=max(shares, default=None),
            unit="rows of the split with most of them that are equal to one of another / its rows",
            interval_kind="none: a count of all rows",
            range=(0.0, 1.0),
            better="lower",
            details={
                "compared": found["compared"],
                "inputs": found["groups"],
                "other_label": found["other_label"],
                "by_split": [
                    {**one, "share": share} for one, share in zip(own, shares, strict=True)
                ],
                "pairs": found["pairs"],
                "first": found.get("first_groups", [])[:_NAMED],
            },
            source="Kaufman, Rosset and Perlich 2012; Barz and Denzler 2020",
            alerts=_alerts(found, own, shares),
        )


def one_split(name: str, title: str) -> Skipped:
    """Return why a measure of several splits is skipped where the rows are of one."""
    remedy = "files or a column of splits, train and test"
    return Skipped(name=name, title=title, reason="all rows are of one split", remedy=remedy)


def _alerts(
    found: Mapping[str, Any], own: list[dict[str, Any]], shares: list[float]
) -> tuple[Alert, ...]:
    n_inputs = int(found["groups"])
    if not n_inputs:
        return ()
    share, worst = max(zip(shares, own, strict=True), key=lambda item: item[0])
    pair = found["pairs"][0]
    one, other = (printable(name, 40) for name in pair["splits"])
    first = ", ".join(printable(row["id"], 40) for row in found["first_groups"][0][:_NAMED])
    different = int(found["other_label"])
    labels = f"; {different:,} of them with different labels" if different else ""
    are = "input is" if n_inputs == 1 else "inputs are"
    return (
        Alert(
            id="split_leakage.exact",
            severity="critical",
            module="statistics",
            scope=f"{one}, {other}",
            message=f"{n_inputs:,} {are} in more than one split{labels}; most between {one} and "
            f"{other}, {100 * share:.2g} % of {printable(worst['split'], 40)}: {first}",
            mitigation="Keep each input in one split only, and report no test figure before: take "
            "the copies out of train, so that the test stays as it was.",
            value=float(share),
            threshold=0.0,
            use_cases=("evaluate", "benchmark"),
            basis="a test on what was learned is none: any shared input counts",
        ),
    )
