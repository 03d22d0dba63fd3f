"""The input contract: every check of what was read, one function each, and one place to decide."""

from labelaudit.ingest.contract.rules import decide, expect_known, known_rules

__all__ = ["decide", "expect_known", "known_rules"]
