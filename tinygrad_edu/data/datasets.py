"""Data sets that come with the library: small enough to ship, so nothing is downloaded."""

import numpy as np


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """1797 handwritten digits of 8 x 8 pixels, and which digit each one is.

    Returns:
        X: one image per row, (1797, 64) float64: the ink in each pixel, from 0 (none) to 16 (full), row by
            row from the top left, so that `X[i].reshape(8, 8)` is the picture.
        y: the digits, (1797,) int64, 0 to 9, each about 180 times.

    Every call returns new arrays, which are yours to change.

    >>> from tinygrad_edu.data import load_digits
    >>> X, y = load_digits()
    >>> X.shape, y[:5]
    ((1797, 64), array([0, 1, 2, 3, 4]))
    >>> for row in X[0].reshape(8, 8):
    ...     print("|" + "".join(" .+#"[int(ink) // 5] for ink in row) + "|")
    |  .+.   |
    |  +#+#. |
    |  #  +. |
    |  +  .. |
    | ..  .. |
    |  +  +. |
    |  +.++  |
    |  .++   |

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (1998), UCI Machine Learning
    Repository, https://doi.org/10.24432/C50P49, CC BY 4.0. It is the test part of that set, as in
    scikit-learn's function of the same name.
    """
    from importlib.resources import files  # imported here: it would take a tenth of the time of the package's import

    with files("tinygrad_edu.data").joinpath("files/digits.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        return arrays["X"].astype(np.float64), arrays["y"].astype(np.int64)
