"""The contract on files: each can be read, and holds what its part asks for."""

from labelaudit.core.errors import Refusal
from labelaudit.ingest.contract.rules import outcome, rule


@rule("critical", may_be_allowed=False)
def readable(message: str) -> Refusal:
    """Whether the files can be found, read and told apart.

    A file that is damaged, empty, of another format than its name says, or that could play the
    same part as another is refused, with its place.
    """
    return Refusal(message, [outcome("readable", "refused", message)])
