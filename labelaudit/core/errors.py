"""The one family of errors that a user can mend, and the one table of exit codes."""

from enum import IntEnum


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


class ConfigError(LabelauditError):
    """An option or setting is wrong."""


class NothingJudged(LabelauditError):
    """The input can be read, but nothing in it can be judged."""

    exit_code = ExitCode.NOTHING_JUDGED
