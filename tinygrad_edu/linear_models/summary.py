"""The parameters of a fit as a table, with errors and intervals, and how good the fit is, in words."""

from collections.abc import Sequence

import numpy as np


class Summary(str):
    """Text that a notebook or an interactive session shows as it is, line by line."""

    def __repr__(self) -> str:
        return str(self)


def table_of_parameters(names: Sequence[str], theta: np.ndarray, standard_errors: np.ndarray,
                        ndf: float) -> list[str]:
    """A line for each parameter: its standard error, the ratio of the two, and its 95 % interval.

    The ratio is called t where the variance of the errors was estimated, with ndf degrees of freedom, and z where it
    is known: then ndf is infinite.

    >>> import numpy as np
    >>> from tinygrad_edu.linear_models.summary import table_of_parameters
    >>> print(*table_of_parameters(["offset", "slope"], np.array([1.0, 20.0]), np.array([0.5, 0.5]), np.inf), sep="\\n")
    parameter  estimate  std error      z          95 % interval
    offset            1        0.5   2.00  [0.020018, 1.97998]
    slope            20        0.5  40.00    [19.02, 20.98]
    """
    width = reach(ndf)
    rows = [["parameter", "estimate", "std error", "z" if ndf == np.inf else "t", "95 % interval"]]
    for name, value, error in zip(names, theta, standard_errors, strict=True):
        ratio = f"{value / error:.2f}" if error > 0 else "-"
        low, high = value - width * error, value + width * error
        interval = f"[{low:.6g}, {high:.6g}]" if np.isfinite(low) else "-"
        rows.append([name, f"{value:.6g}", f"{error:.3g}" if np.isfinite(error) else "-", ratio, interval])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(size) if i == 0 else cell.rjust(size)
                      for i, (cell, size) in enumerate(zip(row, widths, strict=True))) for row in rows]


def goodness_of_fit(chi2_ndf: float, ndf: float, sigma_known: bool) -> str:
    """chi^2/ndf in words, and what it says about the errors if their sigma is not known."""
    if not ndf > 0:
        return "no degrees of freedom"
    text = f"chi2/ndf = {chi2_ndf:.4g} with ndf = {ndf:.4g}"
    if not sigma_known:
        text += f" and sigma taken as 1: the residuals scatter by s = {np.sqrt(chi2_ndf):.4g}"
    return text


def reach(ndf: float, level: float = 0.95) -> float:
    """How many standard errors the interval goes to either side: Student's t, for ndf = inf the normal.

    NaN if ndf is not positive.

    >>> from tinygrad_edu.linear_models.summary import reach
    >>> round(reach(float("inf")), 3), round(reach(4), 3)
    (1.96, 2.776)
    """
    from scipy.special import ndtri, stdtrit

    quantile = (1 + level) / 2
    return float(ndtri(quantile) if ndf == np.inf else stdtrit(ndf, quantile) if ndf > 0 else np.nan)
