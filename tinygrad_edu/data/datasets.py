"""Data sets that come with the library: small enough to ship, so nothing is downloaded."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples, their targets, and what the columns mean. It unpacks as a pair: `X, y = load_iris()`.

    Every call of a `load_` function returns new arrays, which are yours to change.

    Attributes:
        X: one sample per row, (n, p) float64.
        y: the target of each sample, (n,): a class as int64, numbered from 0, or a measured float64.
        feature_names: of the p columns of X, with their units.
        target_name: what y is, with its unit.
        class_names: what 0, 1, ... in y stand for; () if y is measured.

    >>> from tinygrad_edu.data import load_iris
    >>> iris = load_iris()
    >>> iris
    <Dataset of 150 samples: species from 4 features>
    >>> iris.feature_names[2], iris.X[0, 2], iris.class_names[iris.y[0]]
    ('petal length (cm)', np.float64(1.4), 'setosa')
    """

    X: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_name: str
    class_names: tuple[str, ...] = ()

    def __getitem__(self, i: int) -> np.ndarray:
        return (self.X, self.y)[i]

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[np.ndarray]:
        yield self.X
        yield self.y

    def __repr__(self) -> str:
        return f"<Dataset of {len(self.X)} samples: {self.target_name} from {self.X.shape[1]} features>"


def load_iris() -> Dataset:
    """150 iris flowers of three species, 50 of each: which is it, by the size of its sepals and petals?

    Setosa is set apart from the others by a straight line; versicolor and virginica overlap a little.

    Returns a `Dataset` of X (150, 4), lengths in cm, and y (150,): 0 setosa, 1 versicolor, 2 virginica.

    >>> from tinygrad_edu.data import load_iris
    >>> X, y = load_iris()
    >>> X[y == 0].mean(axis=0).round(3)  # the mean setosa
    array([5.006, 3.428, 1.462, 0.246])

    Source: R. A. Fisher, The Use of Multiple Measurements in Taxonomic Problems, Annals of Eugenics 7 (1936),
    https://doi.org/10.1111/j.1469-1809.1936.tb02137.x; the flowers were measured by E. Anderson.
    """
    return Dataset(*_read("iris", classes=True),
                   ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"), "species",
                   ("setosa", "versicolor", "virginica"))


def load_digits() -> Dataset:
    """1797 handwritten digits of 8 x 8 pixels, and which digit each one is.

    Returns a `Dataset` of
        X: one image per row, (1797, 64): the ink in each pixel, from 0 (none) to 16 (full), row by row from the
            top left, so that `X[i].reshape(8, 8)` is the picture.
        y: the digits, (1797,), 0 to 9, each about 180 times.

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
    return Dataset(*_read("digits", classes=True),
                   tuple(f"ink at row {i}, column {j} (0 to 16)" for i in range(8) for j in range(8)), "digit",
                   tuple("0123456789"))


def load_diabetes() -> Dataset:
    """442 diabetes patients: how far has the disease come a year later?

    The blood values s1 to s6 are strongly correlated, and linear models do about as well as any: half of the
    variance stays unexplained.

    Returns a `Dataset` of X (442, 10), as measured, and y (442,), a measure of the progression from 25 to 346.
    The source names no units but years; sex is 1 or 2.

    >>> from tinygrad_edu.data import load_diabetes
    >>> diabetes = load_diabetes()
    >>> for name, number in zip(diabetes.feature_names[:4], diabetes.X[0]):
    ...     print(name, number)
    age (years) 59.0
    sex (1 or 2) 2.0
    body mass index 32.1
    average blood pressure 101.0

    Source: B. Efron, T. Hastie, I. Johnstone and R. Tibshirani, Least Angle Regression, Annals of Statistics 32
    (2004), https://doi.org/10.1214/009053604000000067. Scikit-learn's function of the same name gives these
    numbers for `scaled=False`.
    """
    return Dataset(*_read("diabetes", classes=False),
                   ("age (years)", "sex (1 or 2)", "body mass index", "average blood pressure",
                    "s1: total cholesterol", "s2: low-density lipoproteins", "s3: high-density lipoproteins",
                    "s4: total cholesterol / HDL", "s5: logarithm of triglycerides", "s6: blood sugar"),
                   "disease progression after one year")


def load_airfoil() -> Dataset:
    """1503 tests of a wing profile (NACA 0012) in a wind tunnel: how loud is the air that flows past it?

    Physics with all its units, and clearly not linear: features from 1e-4 to 2e4 in size, to be scaled first.

    Returns a `Dataset` of X (1503, 5): frequency, angle of attack, chord length, speed of the air, and the
    displacement thickness of its boundary layer; and y (1503,), the sound pressure level in dB.

    >>> from tinygrad_edu.data import load_airfoil
    >>> airfoil = load_airfoil()
    >>> for name, number in zip(airfoil.feature_names, airfoil.X[0]):
    ...     print(name, number)
    frequency (Hz) 800.0
    angle of attack (degrees) 0.0
    chord length (m) 0.3048
    free-stream velocity (m/s) 71.3
    suction side displacement thickness (m) 0.00266337
    >>> airfoil.target_name, airfoil.y[0]
    ('scaled sound pressure level (dB)', np.float64(126.201))

    Source: T. F. Brooks, D. S. Pope and M. A. Marcolini, Airfoil Self-Noise and Prediction, NASA RP-1218 (1989);
    UCI Machine Learning Repository, https://doi.org/10.24432/C5VW2C, CC BY 4.0.
    """
    return Dataset(*_read("airfoil", classes=False),
                   ("frequency (Hz)", "angle of attack (degrees)", "chord length (m)", "free-stream velocity (m/s)",
                    "suction side displacement thickness (m)"), "scaled sound pressure level (dB)")


def _read(name: str, classes: bool) -> tuple[np.ndarray, np.ndarray]:
    """X and y of a file, in the dtypes to compute with."""
    from importlib.resources import files  # imported here: it would take a tenth of the time of the package's import

    with files("tinygrad_edu.data").joinpath(f"files/{name}.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        X = np.ascontiguousarray(arrays["X"], dtype=np.float64)
        return X, arrays["y"].astype(np.int64 if classes else np.float64)
