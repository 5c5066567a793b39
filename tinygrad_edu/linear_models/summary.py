"""The parameters of a fitted linear model as a table, with errors and intervals."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tinygrad_edu.linear_models.base import LinearModel


class Summary(str):
    """Text that a notebook or an interactive session shows as it is, line by line."""

    def __repr__(self) -> str:
        return str(self)


def summarize(model: "LinearModel", names: list[str]) -> Summary:
    """The table of a fitted model; names are those of its parameters, in the order of theta_."""
    is_estimated = not model.sigma_known_
    width = reach(model.ndf_ if is_estimated else np.inf)
    rows = [["parameter", "estimate", "std error", "t" if is_estimated else "z", "95 % interval"]]
    for name, value, error in zip(names, model.theta_, model.standard_errors_, strict=True):
        ratio = f"{value / error:.2f}" if error > 0 else "-"
        low, high = value - width * error, value + width * error
        interval = f"[{low:.6g}, {high:.6g}]" if np.isfinite(low) else "-"
        rows.append([name, f"{value:.6g}", f"{error:.3g}" if np.isfinite(error) else "-", ratio, interval])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(size) if i == 0 else cell.rjust(size)
                       for i, (cell, size) in enumerate(zip(row, widths, strict=True))) for row in rows]
    fit = f"chi2/ndf = {model.chi2_ndf_:.4g} with ndf = {model.ndf_:.4g}" if model.ndf_ > 0 else "no degrees of freedom"
    if is_estimated and model.ndf_ > 0:
        fit += f" and sigma taken as 1: the residuals scatter by s = {np.sqrt(model.chi2_ndf_):.4g}"
    return Summary("\n".join([f"{model!r}, {model.n_samples_} samples", *lines, fit,
                              f"condition number {model.condition_number_:.2g}", model.meaning_of_errors]))


def reach(ndf: float, level: float = 0.95) -> float:
    """How many standard errors the interval goes to either side: Student's t, for ndf = inf the normal.

    >>> from tinygrad_edu.linear_models.summary import reach
    >>> round(reach(float("inf")), 3), round(reach(4), 3)
    (1.96, 2.776)
    """
    from scipy.special import ndtri, stdtrit

    quantile = (1 + level) / 2
    return float(ndtri(quantile) if ndf == np.inf else stdtrit(ndf, quantile))
