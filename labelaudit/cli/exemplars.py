"""`labelaudit exemplars`: what each class means, by its examples, for people who label."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode, NothingJudged
from labelaudit.core.text import did_you_mean, listed, printable

if TYPE_CHECKING:
    from labelaudit.core.dataset import Dataset
    from labelaudit.core.examples import Example
    from labelaudit.core.exemplars import Exemplar, Instructions
    from labelaudit.core.results import Audit
    from labelaudit.detect.exemplars import Chosen

EXAMPLES = """\b
Examples:
  labelaudit exemplars digits-audit -o instructions.html
  labelaudit exemplars digits-audit --class 3 --class 8 -o three-and-eight.html
  labelaudit exemplars digits-audit --markdown"""

# A page of more classes nobody reads, and the pictures in it have to travel with it.
MOST_CLASSES = 40
_SIDE = 160  # pixels
_MOST_TAKEN_FOR = 3
_ENDINGS = {".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown"}


def exemplars(
    audit: opt.AuditPath,
    output: opt.Output = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown [default: by the ending of PATH].")
    ] = False,
    classes: Annotated[
        list[str] | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help=f"Show this class; repeatable [default: all, or the {MOST_CLASSES} with most "
            "suspects].",
        ),
    ] = None,
    seed: opt.Seed = 0,
    quiet: opt.Quiet = False,
) -> int:
    """Show what each class means, by examples, on one page to hand to annotators.

    Of each class: the most central example, typical ones that are unlike each other, and the most
    doubtful. Without -o it is Markdown on standard output.
    """
    from tempfile import TemporaryDirectory

    from labelaudit.cli.auditfolder import audit_of, reopened
    from labelaudit.cli.console import emit_data, progress, say
    from labelaudit.core.folder import SCORES_FOLDER, expect_writable, read_scores, write_text
    from labelaudit.report.instructions import render

    wanted = _format_of(output, markdown)
    expect_writable({"-o": output})
    made = audit_of(audit, quiet)
    if made.detection is None or made.folder is None:
        raise NothingJudged("no label has been checked: run `labelaudit detect` first")
    shown = _classes_of(made, classes or [])
    with TemporaryDirectory(prefix="labelaudit-") as working, progress(quiet) as report:
        dataset = reopened(made.folder, made, Path(working), progress=report).dataset
        scores = read_scores(made.folder / SCORES_FOLDER)
        instructions = _instructions(made, dataset, scores, shown, bool(classes), seed)
    text = render(instructions, wanted)
    if output is None or str(output) == "-":
        emit_data(text)
        return ExitCode.DONE
    write_text(output, text)
    say(f"wrote {output}", quiet)
    for notice in instructions.notices:
        say(notice, quiet)
    return ExitCode.DONE


def _format_of(output: Path | None, markdown: bool) -> str:
    if markdown or output is None:
        return "markdown"
    if str(output) == "-":
        return "html"
    found = _ENDINGS.get(output.suffix.lower())
    if found is None:
        raise ConfigError(f"-o {printable(output, 80)}: end it in .html or .md")
    return found


def _classes_of(made: "Audit", named: list[str]) -> list[int]:
    """Return the codes of the classes to show: those named, else those with most suspects."""
    names = made.dataset.class_names
    if named:
        known = {name: code for code, name in enumerate(names)}
        for name in named:
            if name not in known:
                raise ConfigError(
                    f"--class {printable(name, 60)}: no such class{did_you_mean(name, names)}; "
                    f"there are {listed(names, 5)}"
                )
        return sorted({known[name] for name in named})
    assert made.detection is not None
    flagged = made.detection.flagged_by_class.tolist()
    order = sorted(range(len(names)), key=lambda code: (-flagged[code], code))
    return sorted(order[:MOST_CLASSES])


def _instructions(
    made: "Audit",
    dataset: "Dataset",
    scores: Mapping[str, Any],
    shown: list[int],
    named: bool,
    seed: int,
) -> "Instructions":
    """Choose what shows each class, and gather what these rows are of."""
    import numpy as np

    from labelaudit.core.exemplars import ClassExemplars, Instructions
    from labelaudit.detect.exemplars import choose
    from labelaudit.engine.graph import finite

    assert made.detection is not None
    points = dataset.embeddings
    quality, sure = scores["label_quality"], scores["self_confidence"]
    chosen: dict[int, Chosen] = {}
    for code in shown:
        rows = np.flatnonzero(dataset.labels == code)
        chosen[code] = choose(
            rows,
            np.asarray(sure[rows], dtype=np.float64),
            np.asarray(quality[rows], dtype=np.float64),
            np.asarray(scores["is_flagged"][rows], dtype=bool),
            None if points is None else lambda some: finite(points, some),
            seed,
        )
    order = [row for code in shown for row in chosen[code].rows]
    examples: dict[int, Example] = {}
    if dataset.shown is not None and order:
        rows = np.array(sorted(order), dtype=np.int64)
        made_of = dataset.shown.examples(rows, lambda: None, _SIDE)
        examples = dict(zip(rows.tolist(), made_of, strict=True))
    notices = _notices(examples.values())
    if not named and len(shown) < dataset.n_classes:
        notices.append(
            f"the {len(shown)} classes with most suspects are shown; choose with --class NAME"
        )
    every = dict(zip(order, _exemplars(scores, order, examples), strict=True))
    names = dataset.class_names
    looks: dict[int, list[tuple[str, int]]] = {}
    for given, other, count in made.detection.flagged_pairs:
        looks.setdefault(given, []).append((names[other], count))
    return Instructions(
        dataset=dataset.name,
        n_examples=len(dataset),
        n_classes=dataset.n_classes,
        classes=tuple(
            ClassExemplars(
                name=names[code],
                n_labels=made.dataset.class_counts[code],
                n_suspects=int(made.detection.flagged_by_class[code]),
                centre=None if own.centre is None else every[own.centre],
                typical=tuple(every[row] for row in own.typical),
                doubtful=tuple(every[row] for row in own.doubtful),
                taken_for=tuple(looks.get(code, [])[:_MOST_TAKEN_FOR]),
            )
            for code, own in chosen.items()
        ),
        by_place=points is not None,
        tool_version=made.tool_version,
        notices=tuple(notices),
    )


def _notices(examples: Iterable["Example"]) -> list[str]:
    """Say what could not be shown, and why."""
    found = list(examples)
    why = Counter(one.problem for one in found if one.problem)
    if not why:
        return []
    reasons = "; ".join(f"{problem} ({count:,})" for problem, count in sorted(why.items()))
    return [
        f"{why.total():,} of {len(found):,} examples are not shown, they are named only: {reasons}"
    ]


def _exemplars(
    scores: Mapping[str, Any], order: list[int], examples: Mapping[int, "Example"]
) -> Iterator["Exemplar"]:
    from labelaudit.core.exemplars import Exemplar

    for row in order:
        own = {name: column[row : row + 1].tolist()[0] for name, column in scores.items()}
        yield Exemplar(
            row=own["row"],
            id=own["id"],
            self_confidence=own["self_confidence"],
            label_quality=own["label_quality"],
            suggested_label=own["suggested_label"],
            is_suspect=own["is_flagged"],
            example=examples.get(row),
        )
