"""Training: the loop, what looks on while it runs, what it leaves behind, and why it may fail."""

from tinygrad_edu.training.callbacks import Callback
from tinygrad_edu.training.checkpoint import Checkpoint
from tinygrad_edu.training.diagnose import Diagnosis, diagnose
from tinygrad_edu.training.evaluation import evaluate, predict
from tinygrad_edu.training.gradient_flow import GradientFlow
from tinygrad_edu.training.history import History
from tinygrad_edu.training.least_squares import LeastSquaresFit, least_squares_fit
from tinygrad_edu.training.loop import Training, fit
from tinygrad_edu.training.metrics import accuracy, confusion_matrix, mae, r2, rmse
from tinygrad_edu.training.recipe import Recipe
from tinygrad_edu.training.result import Result
from tinygrad_edu.training.stopping import Convergence, EarlyStopping
from tinygrad_edu.training.verdicts import Verdict

__all__ = [
    "Recipe", "Result", "fit", "History", "predict", "evaluate",
    "accuracy", "r2", "mae", "rmse", "confusion_matrix",
    "EarlyStopping", "Convergence", "Checkpoint", "GradientFlow", "Callback", "Training",
    "diagnose", "Diagnosis", "Verdict",
    "least_squares_fit", "LeastSquaresFit",
]
