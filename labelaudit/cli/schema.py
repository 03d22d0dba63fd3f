"""`labelaudit schema`: the JSON Schema of `audit.json`."""

from labelaudit.cli import options as opt
from labelaudit.core.errors import ExitCode

EXAMPLES = """\b
Examples:
  labelaudit schema
  labelaudit schema -o audit.schema.json"""


def schema(output: opt.Output = None, quiet: opt.Quiet = False) -> int:
    """Print the JSON Schema of audit.json.

    Within one `schema_version` keys are added, never removed or given another meaning.
    """
    from labelaudit.cli.console import emit_data, say
    from labelaudit.core.folder import write_text
    from labelaudit.core.schema import published

    text = published()
    if output is None or str(output) == "-":
        emit_data(text)
        return ExitCode.DONE
    write_text(output, text)
    say(f"wrote {output}", quiet)
    return ExitCode.DONE
