"""`labelaudit config`: what a check is told, and by whom."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode
from labelaudit.core.text import did_you_mean, printable

if TYPE_CHECKING:
    from labelaudit.cli.configured import Told

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
    """Show each setting and where it comes from, for each dataset of the configuration.

    Settings come from flags, then LABELAUDIT_NAME in the environment, then labelaudit.toml or
    [tool.labelaudit] in pyproject.toml of this folder or one above, up to the repository's root.
    """
    import json

    from labelaudit.cli.configured import configuration, datasets_of, keys, keys_of_dataset, told
    from labelaudit.cli.console import emit_data, say
    from labelaudit.core.config import schema
    from labelaudit.core.folder import write_text
    from labelaudit.core.place import place

    if what not in _WHAT:
        raise ConfigError(
            f"config {printable(what, 40)}: not one of {', '.join(_WHAT)}"
            f"{did_you_mean(what, _WHAT)}"
        )
    if what == "schema":
        text = json.dumps(schema(keys(), keys_of_dataset()), indent=1) + "\n"
    else:
        found = configuration(file)
        lines = [f"file: {printable(found.path, 200) if found.path else 'none found'}"]
        if found.datasets:
            for name in datasets_of(found):
                lines += ["", f"dataset: {printable(name, 200)}"]
                lines += _shown(told({}, file, place(name)))
        else:
            lines += _shown(told({}, file))
        text = "\n".join(lines) + "\n"
    if output is None or str(output) == "-":
        emit_data(text)
        return ExitCode.DONE
    write_text(output, text)
    say(f"wrote {output}", quiet)
    return ExitCode.DONE


def _shown(found: "Told") -> list[str]:
    """Return a line for each setting that somebody set, and who did."""
    set_to = [name for name, origin in found.origins.items() if origin != "default"]
    return [
        f"{name} = {printable(found.values[name], 200)}  ({printable(found.origins[name], 300)})"
        for name in [*set_to, *({"gates.on_inconclusive"} - set(set_to))]
    ]
