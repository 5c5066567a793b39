"""Data before it meets a model: read or make it, split it, scale it, cut it into mini-batches. Plain NumPy."""

from tinygrad_edu.data.clusters import kmeans
from tinygrad_edu.data.datasets import Dataset, load_airfoil, load_diabetes, load_digits, load_iris
from tinygrad_edu.data.features import PolynomialFeatures, one_hot
from tinygrad_edu.data.makers import (
    make_checkerboard,
    make_circles,
    make_clusters,
    make_line,
    make_moons,
    make_polynomial,
    make_spirals,
    make_workshop,
    make_xor,
)
from tinygrad_edu.data.scaling import MaxAbsScaler, MinMaxScaler, StandardScaler, normalize
from tinygrad_edu.data.splitting import batches, k_fold, train_test_split

__all__ = [
    "load_iris", "load_digits", "load_diabetes", "load_airfoil", "Dataset",
    "make_line", "make_polynomial", "make_workshop",
    "make_moons", "make_circles", "make_spirals", "make_xor", "make_clusters", "make_checkerboard",
    "train_test_split", "k_fold", "batches",
    "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "normalize", "PolynomialFeatures", "one_hot",
    "kmeans",
]
