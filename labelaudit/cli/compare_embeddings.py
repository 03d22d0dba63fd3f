"""`labelaudit compare-embeddings`: which of several embeddings separate the data best."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode

EXAMPLES = """\b
Examples:
  labelaudit compare-embeddings epoch-1.npy epoch-2.npy epoch-3.npy
  labelaudit compare-embeddings clip.npy dino.parquet --labels labels.csv
  labelaudit compare-embeddings epoch-*.npy --labels data/ -o epochs.html --json epochs.json"""


def compare_embeddings(
    embeddings: Annotated[
        list[str],
        typer.Argument(
            metavar="EMBEDDINGS...",
            show_default=False,
            help="Files of embeddings of the same rows, checkpoints in their order.",
        ),
    ],
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="FILE",
            show_default=False,
            help="Labels of these rows, a file or a dataset folder: adds the supervised measures.",
        ),
    ] = None,
    label_column: opt.LabelColumn = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="NAMES",
            show_default=False,
            help="Compare only this split of the labels [default: those of as many rows].",
        ),
    ] = None,
    seed: opt.Seed = 0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", "--html", metavar="PATH", help="Write a page with plots."),
    ] = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", metavar="PATH", help="Write all figures as JSON.")
    ] = None,
    quiet: opt.Quiet = False,
) -> int:
    """Rank embeddings of the same data by how well they separate it.

    Needs no labels: how far embeddings fall into separate parts is measured by H0 persistence.
    With --labels supervised measures stand beside it, and how far they rank alike. Relative only:
    compare embeddings, or checkpoints of a model, of one dataset.
    """
    from tempfile import TemporaryDirectory

    from labelaudit.cli.console import emit, emit_data, progress, say, width
    from labelaudit.core.folder import expect_writable, write_text
    from labelaudit.core.place import place
    from labelaudit.ingest.compared import read_compared
    from labelaudit.ingest.convention import Choices
    from labelaudit.ingest.remote.fetching import lying_here
    from labelaudit.measures.comparing import compare
    from labelaudit.report.comparison import document, page, terminal

    if len(embeddings) < 2:
        raise ConfigError("compare-embeddings: give two files of embeddings or more")
    for option, value in (("--label-column", label_column), ("--split", split)):
        if value is not None and labels is None:
            raise ConfigError(f"{option}: goes with --labels")
    to_stdout = [str(path) for path in (output, json_output)].count("-")
    if to_stdout > 1:
        raise ConfigError("-o - and --json -: only one of them can be written to stdout")
    expect_writable(
        {"-o": output, "--json": json_output}, [*embeddings, *([labels] if labels else [])]
    )
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="labelaudit-")))
        report = stack.enter_context(progress(quiet))

        def fetch(named: str) -> Path:
            return stack.enter_context(lying_here(place(named), Choices(), scratch, report)).dataset

        files = [(named, fetch(named)) for named in embeddings]
        found = read_compared(
            files, None if labels is None else fetch(labels), label_column, split, scratch
        )
        done = 0

        def watch(count: int) -> None:
            nonlocal done
            done += count
            if report is not None:
                report("comparing embeddings", done, len(files))

        made = compare(
            found.named,
            found.labels,
            found.class_names,
            found.n_rows,
            seed,
            found.labels_file,
            found.notices,
            watch,
        )
    for path, render in ((output, page), (json_output, document)):
        if path is not None and str(path) == "-":
            emit_data(render(made))
        elif path is not None:
            write_text(path, render(made))
            say(f"wrote {path}", quiet)
    if not to_stdout:
        emit(terminal(made, width()))
    return ExitCode.DONE
