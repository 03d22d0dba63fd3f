"""Codes for texts that arrive a block at a time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded


class Coding:
    """Builds what `Coded.of` gives for all the texts, without holding a text for each row."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._blocks: list[npt.NDArray[np.int32]] = []
        self.n_rows = 0

    def add(self, texts: Iterable[str | None]) -> None:
        """Add the texts of the next rows."""
        self._append(np.fromiter(map(self._code, texts), dtype=np.int32))

    def add_coded(self, distinct: Iterable[str | None], positions: npt.NDArray[np.integer]) -> None:
        """Add the next rows: texts in order of first appearance, and each row's (-1: none)."""
        codes = np.fromiter(map(self._code, distinct), dtype=np.int32)
        self._append(np.append(codes, np.int32(-1))[positions])

    def result(self) -> Coded:
        codes = np.concatenate([np.empty(0, dtype=np.int32), *self._blocks])
        return Coded(distinct=tuple(self._known), codes=codes)

    def _code(self, text: str | None) -> int:
        if text is None or not text.strip():
            return -1
        return self._known.setdefault(text, len(self._known))

    def _append(self, codes: npt.NDArray[np.int32]) -> None:
        self._blocks.append(codes)
        self.n_rows += len(codes)
