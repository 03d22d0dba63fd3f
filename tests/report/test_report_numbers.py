import pytest

from labelaudit.report import numbers


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "unknown"),
        (float("nan"), "unknown"),
        (0.0, "0"),
        (1.0, "100"),
        (0.00001, "<0.01"),
        (0.0058, "0.58"),
        (0.00996, "1.0"),
        (0.0284, "2.8"),
        (0.9999, ">99.9"),
        (-0.05, "−5.0"),
    ],
)
def test_shares_have_one_decimal_and_two_under_one_per_cent(
    value: float | None, shown: str
) -> None:
    assert numbers.share_number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1e-9, "<0.001"),
        (0.0005, "0.001"),
        (0.1234, "0.123"),
        (1.0, "1"),
        (-0.25, "−0.250"),
    ],
)
def test_a_score_that_is_not_zero_never_reads_as_zero(value: float, shown: str) -> None:
    assert numbers.score(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "unknown"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (-5, "−5"),
        (106.0, "106.0"),
        (1.179, "1.18"),
        ("cosine", "cosine"),
        (float("inf"), "unknown"),
    ],
)
def test_any_figure_of_a_measure_is_written(value: object, shown: str) -> None:
    assert numbers.figure(value) == shown


def test_shares_end_in_a_thin_space_and_a_sign_and_unknown_in_neither() -> None:
    assert numbers.share(0.5) == "50.0\u2009%"
    assert numbers.share(None) == "unknown"
    assert numbers.share_range(0.1, 0.2) == "10.0 to 20.0\u2009%"
    assert numbers.share_range(None, 0.2) == "unknown"


def test_signs_and_ratios() -> None:
    assert [numbers.signed(value) for value in (1200, 0, -3)] == ["+1,200", "0", "−3"]
    assert [numbers.ratio(value) for value in (1.0, 9.96, 1060.0, None)] == [
        "1.0",
        "10",
        "1,060",
        "unknown",
    ]
