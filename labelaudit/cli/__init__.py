"""The command line: one module for each command, imported when it is needed."""

import gc
import os
import signal
import sys
from importlib import import_module
from typing import Any

import typer

from labelaudit.core.errors import ExitCode, LabelauditError

# A command is a module of this folder with a function of its name, `-` written `_`.
COMMANDS = (
    "audit",
    "ingest",
    "detect",
    "measure",
    "report",
    "check",
    "diff",
    "init",
    "config",
    "export",
    "schema",
    "explain",
    "show",
    "selftest",
    "compare-embeddings",
    "exemplars",
)

_EPILOG = (
    "Exit codes: 0 done; 1 a gate failed; 2 usage or input error; 3 a bug; 4 nothing could be "
    "judged; 130 interrupted."
)


# What a wrong command line raises. Recent typer carries a click of its own and older ones use
# the package, so the classes are taken from what typer itself raises.
_ClickException: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="labelaudit",
    help="Audit the label quality of a classification dataset.",
    epilog=_EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from labelaudit.core.version import __version__

        typer.echo(f"labelaudit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    pass


for _name in COMMANDS:
    _word = _name.replace("-", "_")
    _module = import_module(f"labelaudit.cli.{_word}")
    app.command(_name, epilog=_module.EXAMPLES)(getattr(_module, _word))


def main() -> None:
    """Run the command line and exit with a code of the one table."""
    signal.signal(signal.SIGTERM, _terminated)
    gc.set_threshold(100_000, 50, 50)  # a command lives for seconds and makes few cycles
    sys.exit(run(sys.argv[1:]))


def _terminated(number: int, frame: Any) -> None:
    sys.exit(128 + number)  # unwinds, so that nothing half written stays behind


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        code = _run(arguments)
        if code == ExitCode.INTERRUPTED:
            # Where Ctrl-C struck code that is run from a text, as libraries do while they are
            # imported, CPython takes it for unheard and kills itself at the end, unless some
            # other such code has run since.
            exec("pass")
        return code
    except BrokenPipeError:
        # The reader has gone; what it wanted it has. Keep the interpreter quiet about it.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
        return ExitCode.DONE


def _run(arguments: list[str]) -> int:
    try:
        result = app(arguments or ["--help"], prog_name="labelaudit", standalone_mode=False)
        sys.stdout.flush()
        sys.stderr.flush()
        if result == ExitCode.INTERRUPTED:  # as typer itself words Ctrl-C
            _complain("interrupted")
        return int(result or 0)
    except LabelauditError as error:
        _complain(str(error))
        return int(error.exit_code)
    except _ClickException as error:
        context = getattr(error, "ctx", None)
        see = f"; see `{context.command_path} --help`" if context is not None else ""
        _complain(error.format_message().rstrip(".") + see)
        return ExitCode.REFUSED
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception:
        import traceback

        traceback.print_exc()
        _complain(
            "this is a bug, not your mistake: please report it with the lines above and "
            "`labelaudit --version`"
        )
        return ExitCode.BUG


def _complain(line: str) -> None:
    from labelaudit.core.text import printable

    sys.stderr.write(f"labelaudit: {printable(line)}\n")
