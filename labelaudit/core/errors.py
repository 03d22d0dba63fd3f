"""The one family of errors that a user can mend, and the one table of exit codes."""

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labelaudit.core.dataset import Check


class ExitCode(IntEnum):
    """What a command's exit status means, the same for every command."""

    DONE = 0  # done, or every gate passed
    GATE_FAILED = 1  # a gate failed
    REFUSED = 2  # usage, configuration or input error
    BUG = 3  # an internal error: traceback and how to report it
    NOTHING_JUDGED = 4  # nothing could be judged: never green
    INTERRUPTED = 130  # Ctrl-C


class LabelauditError(Exception):
    """Something that the user can mend: one line that says what is wrong and what to do."""

    exit_code = ExitCode.REFUSED


class InputError(LabelauditError):
    """A file or its content cannot be used as it is."""


class Refusal(InputError):
    """The input contract failed; `checks` are all that were made, those refused among them."""

    def __init__(self, message: str, checks: "Sequence[Check]") -> None:
        super().__init__(message)
        self.checks = tuple(checks)


class ConfigError(LabelauditError):
    """An option or setting is wrong."""


class NothingJudged(LabelauditError):
    """The input can be read, but nothing in it can be judged; `checks` say why."""

    exit_code = ExitCode.NOTHING_JUDGED

    def __init__(self, message: str, checks: "Sequence[Check]" = ()) -> None:
        super().__init__(message)
        self.checks = tuple(checks)
