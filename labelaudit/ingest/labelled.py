"""Labels as they were read, whatever they were read from."""

from dataclasses import dataclass

from labelaudit.core.coded import Coded
from labelaudit.core.texts import Texts
from labelaudit.ingest.columns import Columns
from labelaudit.ingest.matching import Ids
from labelaudit.ingest.readers import TableFile
from labelaudit.ingest.votes import Ballots


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """Labels as read: `texts` without one where a row has no label, `ids` where rows have names.

    `metadata_names` are the class names in code order where the file says them; `table` is the
    file, if it is a table (it may hold predictions too); `holds_predictions` says that an npz
    does; `how` says what was read and why; `ends` are the rows at which the parts of labels
    that are cut into files end; `splits` names the split of each row, where
    there are any; `notices` say what was found and is not read; `examples` are the files to show;
    `votes` are there where rows have several: then `texts` are those of the majority. `columns`
    are what lies beside the labels, a value for each row, where the format has such.
    """

    texts: Coded
    ids: Ids | None
    how: str
    format: str
    metadata_names: tuple[str, ...] | None = None
    table: TableFile | None = None
    used_columns: tuple[str, ...] = ()
    holds_predictions: bool = False
    ends: tuple[int, ...] = ()
    splits: Coded | None = None
    splits_apart: bool = False
    notices: tuple[str, ...] = ()
    examples: Texts | None = None
    votes: Ballots | None = None
    columns: Columns | None = None
