"""Intervals for a share k of n."""

import math


def wilson(k: float, n: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the 95 % score interval for k of n (Wilson 1927): the range is [0, 1]."""
    if n <= 0:
        return 0.0, 1.0
    p = k / n
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    whole = 1 + z * z / n
    low = 0.0 if k == 0 else max((middle - half) / whole, 0.0)
    high = 1.0 if k == n else min((middle + half) / whole, 1.0)
    return low, high


def jeffreys(k: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of Beta(k + 1/2, n - k + 1/2); 0 below at k = 0, 1 above at k = n.

    Source: Brown, Cai and DasGupta, Interval estimation for a binomial proportion, 2001.
    """
    from scipy.special import betaincinv

    low = 0.0 if k == 0 else float(betaincinv(k + 0.5, n - k + 0.5, 0.025))
    high = 1.0 if k == n else float(betaincinv(k + 0.5, n - k + 0.5, 0.975))
    return low, high


def shrunken(k: float, n: float, overall: float) -> float:
    """Return the share k of n drawn towards the overall share by the weight of 10 examples."""
    return (k + 10 * overall) / (n + 10)


def even_odds(k: int, n: int) -> float:
    """Return the two-sided p-value of k of n where both sides are as likely (binomial test)."""
    from scipy.special import betainc

    more = max(k, n - k)
    return 1.0 if 2 * more == n else min(1.0, 2 * float(betainc(more, n - more + 1, 0.5)))


def clopper_pearson(k: float, n: float, miss: float = 0.05) -> tuple[float, float]:
    """Return the interval for k of n that misses on either side at most `miss` / 2 of the time.

    Exact, so wider than Wilson's; k and n may be effective counts. The range is [0, 1].
    Source: Clopper and Pearson, The use of confidence or fiducial limits, Biometrika 1934.
    """
    from scipy.special import betaincinv

    if n <= 0:
        return 0.0, 1.0
    low = 0.0 if k <= 0 else float(betaincinv(k, n - k + 1, miss / 2))
    high = 1.0 if k >= n else float(betaincinv(k + 1, n - k, 1 - miss / 2))
    return low, high
