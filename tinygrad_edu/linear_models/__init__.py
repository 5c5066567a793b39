"""Linear models by closed forms and linear programming, with errors of the parameters. No autograd inside."""

from tinygrad_edu.linear_models.base import LinearModel, WeightedLinearModel
from tinygrad_edu.linear_models.bayesian import BayesianLinearRegression
from tinygrad_edu.linear_models.lasso import Lasso, LassoPath
from tinygrad_edu.linear_models.least_absolute_deviation import LeastAbsoluteDeviation
from tinygrad_edu.linear_models.least_squares import LinearRegression
from tinygrad_edu.linear_models.ridge import Ridge

__all__ = [
    "LinearRegression", "Ridge", "Lasso", "LassoPath", "LeastAbsoluteDeviation", "BayesianLinearRegression",
    "LinearModel", "WeightedLinearModel",
]
