"""`labelaudit config`: what a check is told, and by whom."""

from pathlib import Path
from typing import Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode
from labelaudit.core.text import did_you_mean, printable

EXAMPLES = """\b
Examples:
  labelaudit config show
  labelaudit config show --config ci/labelaudit.toml
  labelaudit config schema -o labelaudit.schema.json"""

_WHAT = ("show", "schema")


def config(
    what: Annotated[
        str, typer.Argument(metavar="show|schema", help="The settings, or their JSON Schema.")
    ],
    file: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="The file to read [default: the nearest]."),
    ] = None,
    output: opt.Output = None,
    quiet: opt.Quiet = False,
) -> int:
    """Show each setting of `labelaudit check` and where it comes from.

    Settings come from flags, then LABELAUDIT_NAME in the environment, then labelaudit.toml or
    [tool.labelaudit] in pyproject.toml of this folder or one above, up to the repository's root.
    """
    import json

    from labelaudit.cli.configured import keys, told
    from labelaudit.cli.console import emit_data, say
    from labelaudit.core.config import schema
    from labelaudit.core.folder import write_text

    if what not in _WHAT:
        raise ConfigError(
            f"config {printable(what, 40)}: not one of {', '.join(_WHAT)}"
            f"{did_you_mean(what, _WHAT)}"
        )
    if what == "schema":
        text = json.dumps(schema(keys()), indent=1) + "\n"
    else:
        found = told({}, file)
        lines = [f"file: {printable(found.path, 200) if found.path else 'none found'}"]
        set_to = [name for name, origin in found.origins.items() if origin != "default"]
        shown = [*set_to, *(name for name in ("gates.on_inconclusive",) if name not in set_to)]
        for name in shown:
            value = printable(found.values[name], 200)
            lines.append(f"{name} = {value}  ({printable(found.origins[name], 300)})")
        text = "\n".join(lines) + "\n"
    if output is None or str(output) == "-":
        emit_data(text)
        return ExitCode.DONE
    write_text(output, text)
    say(f"wrote {output}", quiet)
    return ExitCode.DONE
