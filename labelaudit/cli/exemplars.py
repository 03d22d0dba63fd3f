"""`labelaudit exemplars`: what each class means, by its examples, for people who label."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode, NothingJudged
from labelaudit.core.text import did_you_mean, listed, printable

if TYPE_CHECKING:
    from labelaudit.core.dataset import Dataset
    from labelaudit.core.exemplars import Exemplar, Instructions, Picture
    from labelaudit.core.results import Audit
    from labelaudit.detect.exemplars import Chosen

EXAMPLES = """\b
Examples:
  labelaudit exemplars digits-audit -o instructions.html
  labelaudit exemplars digits-audit --class 3 --class 8 -o three-and-eight.html
  labelaudit exemplars digits-audit --markdown"""

# A page of more classes nobody reads, and the pictures in it have to travel with it.
MOST_CLASSES = 40
MOST_PICTURE_BYTES = 8_000_000
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

    from labelaudit.cli.auditfolder import audit_of, place_of, reopened
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
        root = place_of(made.folder) if wanted == "html" else None
        instructions = _instructions(made, dataset, scores, shown, bool(classes), root, seed)
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
    root: Path | None,
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
    texts, pictures, notices = _contents(dataset, order, root)
    if not named and len(shown) < dataset.n_classes:
        notices.append(
            f"the {len(shown)} classes with most suspects are shown; choose with --class NAME"
        )
    every = dict(zip(order, _examples(scores, order, texts, pictures), strict=True))
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


def _contents(
    dataset: "Dataset", order: list[int], root: Path | None
) -> tuple[dict[int, str], dict[int, "Picture"], list[str]]:
    """Return the texts and the pictures of rows, as far as they can be shown, and what cannot."""
    import numpy as np

    from labelaudit.ingest.shown import MOST_BYTES, picture_of

    rows = np.array(sorted(order), dtype=np.int64)
    texts: dict[int, str] = {}
    if dataset.contents is not None and dataset.contents.texts is not None and len(rows):
        texts = dict(zip(rows.tolist(), dataset.contents.texts(rows), strict=True))
    pictures: dict[int, Picture] = {}
    if dataset.examples is None or root is None:
        return texts, pictures, []
    room = MOST_PICTURE_BYTES
    n_unlike = n_over = 0
    for row in order:
        picture = picture_of(root, dataset.examples[row])
        if picture is None:
            n_unlike += 1
        elif len(picture.content) > room:
            n_over += 1
        else:
            room -= len(picture.content)
            pictures[row] = picture
    notices = []
    if n_unlike:
        notices.append(
            f"{n_unlike:,} of {len(order):,} pictures are not shown: no PNG, JPEG, GIF or WebP of "
            f"at most {MOST_BYTES // 1000} kB; these examples are named only"
        )
    if n_over:
        notices.append(
            f"{n_over:,} pictures are left out, or the page would be too large; choose fewer "
            "classes with --class NAME"
        )
    return texts, pictures, notices


def _examples(
    scores: Mapping[str, Any],
    order: list[int],
    texts: Mapping[int, str],
    pictures: Mapping[int, "Picture"],
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
            text=texts.get(row),
            picture=pictures.get(row),
        )
