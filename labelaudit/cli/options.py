"""Every option that more than one command has, defined once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelaudit.core.settings import FILTERS, RANKINGS

_INPUT = "Input"


def _place(text: str) -> Any:
    from labelaudit.core.place import place

    return place(text)


# A `core.place.Place`; typer shows the name of the type, and needs one of its own for it.
if TYPE_CHECKING:
    _PathOrUrl = Any
else:
    _PathOrUrl = type("path or URL", (), {})

DatasetPath = Annotated[
    _PathOrUrl,
    typer.Argument(
        parser=_place,
        metavar="DATASET",
        show_default=False,
        help="A dataset folder, or one file of labels (which may hold prob_<class> columns). URLs: "
        "s3://, https://, http://, file://.",
    ),
]
DatasetHere = Annotated[
    _PathOrUrl,
    typer.Argument(
        parser=_place,
        metavar="DATASET",
        show_default=False,
        help="A dataset, or an audit folder [default: the folder at hand].",
    ),
]
AuditPath = Annotated[
    _PathOrUrl,
    typer.Argument(
        parser=_place,
        metavar="AUDIT",
        show_default=False,
        help="An audit folder; a dataset is audited first.",
    ),
]
Labels = Annotated[
    str | None,
    typer.Option("--labels", metavar="FILE", help="The file of labels [default: by name]."),
]
LabelColumn = Annotated[
    str | None,
    typer.Option("--label-column", metavar="NAME", help="The column of labels."),
]
IdColumn = Annotated[
    str | None,
    typer.Option("--id-column", metavar="NAME", help="The column of ids, to join files by."),
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        "--text-column",
        metavar="NAME",
        help="The column of texts, shown beside each suspect [default: by name].",
    ),
]
Predictions = Annotated[
    list[str] | None,
    typer.Option(
        "--predictions",
        metavar="FILE",
        help="Out-of-sample probabilities [default: by name]; once for each model, to audit the "
        "mean of several.",
    ),
]
Embeddings = Annotated[
    str | None,
    typer.Option("--embeddings", metavar="FILE", help="Embeddings [default: by name]."),
]
Images = Annotated[
    str | None, typer.Option("--images", metavar="FOLDER", help="The folder of images.")
]
Classes = Annotated[
    str | None,
    typer.Option(
        "--classes",
        metavar="NAMES",
        help="Class of each column: a file with one name a line, or names between commas.",
    ),
]
Hierarchy = Annotated[
    str | None,
    typer.Option(
        "--hierarchy",
        metavar="FILE",
        help="A tree of the classes, YAML or JSON: groups that hold classes or further groups.",
    ),
]
Logits = Annotated[
    bool,
    typer.Option(
        "--logits",
        help="The predictions are logits, or logs of probabilities: take a softmax of each row.",
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="NAMES",
        help="Audit only this split, or those between commas [default: those with predictions].",
    ),
]
By = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="COLUMN",
        help="Look at each value of this column by itself, source or annotator say; repeatable "
        "[default: the split, domain, source, annotator].",
    ),
]
Filter = Annotated[
    str,
    typer.Option("--filter", metavar="NAME", help=f"How to flag: {', '.join(FILTERS)}."),
]
Ranking = Annotated[
    str,
    typer.Option(
        "--ranking", metavar="NAME", help=f"What label quality is: {', '.join(RANKINGS)}."
    ),
]
Joint = Annotated[
    str,
    typer.Option(
        "--joint",
        metavar="RULE",
        help="What a row counts for where several classes are confident: cleanlab, paper.",
    ),
]
Top = Annotated[
    str | None,
    typer.Option(
        "--top",
        metavar="N",
        show_default=False,
        help="A budget, 500 or 2%: flag only the most doubtful of what the filter flags.",
    ),
]
NearDuplicates = Annotated[
    float,
    typer.Option(
        "--near-duplicate-threshold",
        metavar="X",
        help="How near two examples are nearly one, in median distances of nearest neighbours.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the samples that measures take.")]
Measures = Annotated[
    str | None,
    typer.Option(
        "--measures",
        metavar="NAME,...",
        show_default=False,
        help="Run only these measures [default: all]; `labelaudit explain` lists them.",
    ),
]
Skip = Annotated[
    str | None,
    typer.Option(
        "--skip", metavar="NAME,...", show_default=False, help="Do not run these measures."
    ),
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="CHECK",
        help="Go on though this check of the input contract fails; repeatable.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Refuse where a check of the input contract raises an alert."),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="PATH", help="Where to write."),
]
AuditOutput = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FOLDER",
        help="The audit folder [default: ./<dataset name>-audit].",
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Who does the work: here (this process), processes, dask. The result is the same.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        max=1024,
        show_default=False,
        help="How many processes, for --engine processes or dask [default: one a core].",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        show_default=False,
        help="A running Dask scheduler, tcp://HOST:PORT; its workers share the paths used here.",
    ),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Read predictions again that have not changed."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be read, and write nothing.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        show_default=False,
        help="Settings [default: labelaudit.toml or pyproject.toml, here or above].",
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing on stderr but errors.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more on stderr.")]
