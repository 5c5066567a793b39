"""Data before it meets a model: read it, split it, scale it, cut it into mini-batches. Plain NumPy."""

from tinygrad_edu.data.datasets import load_digits
from tinygrad_edu.data.scaling import StandardScaler
from tinygrad_edu.data.splitting import batches, train_test_split

__all__ = ["load_digits", "train_test_split", "batches", "StandardScaler"]
