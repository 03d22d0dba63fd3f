"""`labelaudit init`: a configuration to start from, with limits that hold today."""

from pathlib import Path
from typing import Annotated, Any

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ExitCode, InputError

EXAMPLES = """\b
Examples:
  labelaudit init
  labelaudit init sample_data/digits
  labelaudit init digits-audit -o labelaudit.toml --force"""

NAME = "labelaudit.toml"


def init(
    dataset: opt.DatasetHere = ".",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            show_default=False,
            help="Where to write; - is stdout [default: labelaudit.toml here, or in the dataset "
            "where it does not lie below].",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
    quiet: opt.Quiet = False,
) -> int:
    """Write a labelaudit.toml with limits taken from what is measured here.

    A dataset is audited first. Each limit is the end of an interval, rounded away to two digits:
    what holds today passes. What cannot be measured yet is there as a comment.
    """
    from labelaudit.check.starting import configuration
    from labelaudit.cli.auditfolder import audit_of
    from labelaudit.cli.console import command, emit_data, say
    from labelaudit.core.folder import expect_writable, write_text
    from labelaudit.core.text import printable

    to_stdout = output is not None and str(output) == "-"
    target = output if output is not None else _beside(dataset)
    if not to_stdout:
        expect_writable({"-o": target})
        if target.exists() and not force:
            raise InputError(f"{printable(target, 200)}: is there already; --force writes over it")
    text = configuration(audit_of(dataset, quiet), _seen(dataset, target))
    if to_stdout:
        emit_data(text)
        return ExitCode.DONE
    write_text(target, text)
    next_one = command("check", *([] if target == Path(NAME) else ["--config", target]))
    say(f"wrote {target}  Next: {next_one}", quiet)
    return ExitCode.DONE


def _seen(dataset: Any, target: Path) -> str:
    """Return where a dataset lies as seen from the file that names it."""
    import os

    if not isinstance(dataset, Path):
        return str(dataset)
    try:
        return Path(os.path.relpath(dataset, target.parent)).as_posix()
    except ValueError:  # on another drive
        return str(dataset.resolve())


def _beside(dataset: Any) -> Path:
    """Return where a configuration is found for a dataset: here if it lies below, else in it."""
    from labelaudit.core.folder import is_audit

    if not isinstance(dataset, Path) or is_audit(dataset):
        return Path(NAME)
    where = dataset.resolve()
    if where.is_relative_to(Path.cwd().resolve()):
        return Path(NAME)
    return (where if where.is_dir() else where.parent) / NAME
