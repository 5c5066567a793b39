"""Features made from what is there: powers and products of numbers, and a column of 0 and 1 per class."""

from collections.abc import Sequence
from itertools import chain, combinations, combinations_with_replacement
from typing import Any, Self

import numpy as np

from tinygrad_edu.checks import as_labels, as_names, as_table, is_list, whole_number, yes_or_no
from tinygrad_edu.errors import ArgumentError, ShapeError, StateError

Monomial = tuple[int, ...]
"""The features that are multiplied: (0, 0, 2) is x0^2 x2, and () is 1."""


class PolynomialFeatures:
    """All products of the features up to a degree: a model linear in these is a polynomial in x.

        phi(x) = (1, x, x^2, ..., x^degree)              for one feature
        phi(x) = (1, x0, x1, x0^2, x0 x1, x1^2, ...)     for several: C(p + degree, degree) columns

    Powers of large numbers are very large, of small ones very small: scale the features to [-1, 1] before.

    Args:
        degree: the largest number of factors, 0 or more.
        interaction_only: True for only products of different features, no x0^2.
        include_bias: True or False: with the column of ones, x^0. Leave it out if the model has a bias of its own, as
            `nn.Linear` has.

    Attribute, after `fit`:
        n_features_in_: the number of features p.

    Errors: OptionError if degree is no whole number or the others are not True or False, ArgumentError if degree is
    negative, or 0 without the bias, which leaves no column; also by its methods, if an option was assigned since.

    >>> import numpy as np
    >>> from tinygrad_edu.data import PolynomialFeatures
    >>> PolynomialFeatures(degree=3).fit_transform(np.array([[2.0], [-1.0]]))
    array([[ 1.,  2.,  4.,  8.],
           [ 1., -1.,  1., -1.]])
    >>> phi = PolynomialFeatures(degree=2).fit([[2.0, 3.0]])
    >>> phi.transform([[2.0, 3.0]])
    array([[1., 2., 3., 4., 6., 9.]])
    >>> phi.feature_names(["a", "b"])
    ['1', 'a', 'b', 'a^2', 'a b', 'b^2']

    Convention: names and order of the columns are scikit-learn's.
    """

    n_features_in_: int

    def __init__(self, degree: int = 2, *, interaction_only: bool = False, include_bias: bool = True) -> None:
        self.degree, self.interaction_only, self.include_bias = degree, interaction_only, include_bias
        self._check_options()

    def fit(self, X: Any) -> Self:
        """Learn the number of features of X, (n, p); returns the object itself.

        Errors: ShapeError if X is not (n, p), DtypeError if it does not hold real numbers, ArgumentError if it
        holds NaN or infinity.
        """
        self._check_options()
        self.n_features_in_ = as_table("PolynomialFeatures.fit", X).shape[1]
        return self

    def transform(self, X: Any) -> np.ndarray:
        """phi(X) for samples X (m, p), (m, number of columns); floating dtypes are kept.

        Errors: those of `fit`, StateError before it, ShapeError for another number of features than it saw,
        ArgumentError if a product overflows.
        """
        monomials = self._monomials("transform")
        X = as_table("PolynomialFeatures.transform", X)
        if X.shape[1] != self.n_features_in_:
            raise ShapeError(f"PolynomialFeatures.transform: expected shape (m, {self.n_features_in_}) as in fit, "
                             f"with any m, got {X.shape}")
        products: dict[Monomial, np.ndarray] = {(): np.ones(len(X), X.dtype)}
        with np.errstate(over="ignore", invalid="ignore"):  # inf, and inf * 0; both are found below
            for monomial in monomials:
                if monomial:  # all but its last factor has been multiplied before
                    products[monomial] = products[monomial[:-1]] * X[:, monomial[-1]]
        table = np.column_stack([products[monomial] for monomial in monomials])
        if not np.isfinite(table).all():
            raise ArgumentError(f"PolynomialFeatures.transform: a product of {self.degree} features overflows "
                                f"{X.dtype}; scale the features to [-1, 1] first")
        return table

    def fit_transform(self, X: Any) -> np.ndarray:
        """`fit(X)`, then `transform(X)`."""
        return self.fit(X).transform(X)

    def feature_names(self, names: Sequence[str] | None = None) -> list[str]:
        """A name for each column: "1", "x0", "x0^2", "x0 x1", ...

        Args:
            names: of the p features; x0, x1, ... if not given.

        Errors: StateError before `fit`, OptionError if names are no strings, ShapeError if they are not p.
        """
        monomials = self._monomials("feature_names")
        names = as_names("PolynomialFeatures.feature_names: names", [f"x{i}" for i in range(self.n_features_in_)]
                         if names is None else names, self.n_features_in_)

        def power(feature: int, exponent: int) -> str:
            return names[feature] if exponent == 1 else f"{names[feature]}^{exponent}"

        return [" ".join(power(i, monomial.count(i)) for i in dict.fromkeys(monomial)) or "1"
                for monomial in monomials]

    def __repr__(self) -> str:
        return (f"PolynomialFeatures(degree={self.degree}, interaction_only={self.interaction_only}, "
                f"include_bias={self.include_bias})")

    def _check_options(self) -> None:
        self.degree = whole_number("PolynomialFeatures: degree", self.degree, low=0)
        for name in ("interaction_only", "include_bias"):
            setattr(self, name, yes_or_no(f"PolynomialFeatures: {name}", getattr(self, name)))
        if self.degree == 0 and not self.include_bias:
            raise ArgumentError("PolynomialFeatures: degree 0 without the bias leaves no column; raise the degree "
                                "or include the bias")

    def _monomials(self, method: str) -> list[Monomial]:
        """The columns in their order: by degree, and within one as a dictionary sorts."""
        if not hasattr(self, "n_features_in_"):
            raise StateError(f"PolynomialFeatures.{method}: the number of features is not known yet; call "
                             "fit(X_train) first")
        self._check_options()
        choose = combinations if self.interaction_only else combinations_with_replacement
        degrees = range(0 if self.include_bias else 1, self.degree + 1)
        return list(chain.from_iterable(choose(range(self.n_features_in_), degree) for degree in degrees))


def one_hot(labels: Any, classes: int | Sequence | np.ndarray | None = None) -> np.ndarray:
    """A column per class, with 1 where the row is of it and 0 elsewhere.

        Y_ik = 1 if labels_i = classes_k, else 0

    A row reads as the probabilities of the classes when the class is known: what a softmax is held against.
    `Y.argmax(axis=1)` is the number of the class again.

    Args:
        labels: the class of each sample, (n,), numbers or strings.
        classes: how many classes K there are, if the labels are 0 to K - 1; or the labels in the order of the
            columns. If not given, the labels that occur, sorted. A class that does not occur has no column then, so
            say which there are if these rows may lack one, as a small test set may.

    Returns: Y, (n, K) float64.

    Errors: ShapeError if labels are not (n,); ArgumentError for NaN, for a label that is none of the
    classes, for a class given twice; DtypeError for labels that are neither numbers nor strings; OptionError
    if `classes` is neither a whole number nor a list.

    >>> from tinygrad_edu.data import one_hot
    >>> one_hot([0, 2, 1], classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    >>> one_hot(["cat", "dog"])
    array([[1., 0.],
           [0., 1.]])
    >>> one_hot(["cat", "dog"], classes=["ant", "cat", "dog"])
    array([[0., 1., 0.],
           [0., 0., 1.]])

    Convention: as scikit-learn's OneHotEncoder, with an error for an unknown class; PyTorch's function takes only
    numbers, and has as many columns as the largest needs.
    """
    labels = as_labels("one_hot: labels", labels)
    columns = _columns(labels, classes)
    matches = labels[:, None] == columns
    unknown = ~matches.any(axis=1)
    if unknown.any():
        raise ArgumentError(f"one_hot: {labels[unknown][0].item()!r} is none of the classes {columns.tolist()}")
    return matches.astype(np.float64)


def _columns(labels: np.ndarray, classes: Any) -> np.ndarray:
    """The label that each column stands for."""
    if classes is None:
        return np.unique(labels)
    if not is_list(classes):
        return np.arange(whole_number("one_hot: classes, if not a list of labels,", classes, low=1))
    columns = as_labels("one_hot: classes", classes)
    if len(np.unique(columns)) < len(columns):
        raise ArgumentError(f"one_hot: classes must be a list in which each label is once, got {classes!r}")
    return columns
