"""What the columns of a table hold, beside its labels."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from labelaudit.core.errors import InputError
from labelaudit.core.variables import Variable, nominal, numeric
from labelaudit.ingest.readers import TableFile

MOST_ROWS = 200_000  # beyond, reading every column would cost more than the audit


def variables_of(
    table: TableFile | None, names: Sequence[str], own: npt.NDArray[np.int64] | None
) -> tuple[Variable, ...]:
    """Return what the columns of the rows that are audited hold (`own`; None: all).

    Columns that hold neither words nor numbers, as lists or pictures, are left out; so are all
    of a table of more than `MOST_ROWS` rows.
    """
    if table is None or table.n_rows() > MOST_ROWS:
        return ()
    found = (_variable(table, name, own) for name in names)
    return tuple(variable for variable in found if variable is not None)


def _variable(table: TableFile, name: str, own: npt.NDArray[np.int64] | None) -> Variable | None:
    rows = slice(None) if own is None else own
    try:
        values = table.numbers([name])
        if values.shape[1] != 1:
            return None
        return numeric(name, values[rows, 0])
    except InputError:
        pass  # no column of numbers
    try:
        words = table.coded(name)[rows]
    except InputError:
        return None
    return nominal(name, words.counts(), int((~words.present).sum()))
