"""`Recipe`: the lecture's recipe of ten steps, from the data to the test, as ten choices that print as a list."""

from collections.abc import Callable, Iterable, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinygrad_edu.checks import as_labels, as_real_rows, as_table, real_number
from tinygrad_edu.data import MaxAbsScaler, MinMaxScaler, StandardScaler, train_test_split
from tinygrad_edu.data.scaling import Scaler
from tinygrad_edu.errors import ArgumentError, OptionError, ShapeError
from tinygrad_edu.nn import MLP, CrossEntropyLoss, HuberLoss, L1Loss, LeastSquaresLoss, Module, MSELoss
from tinygrad_edu.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from tinygrad_edu.random import RandomSource, default_generator
from tinygrad_edu.training.callbacks import Callback
from tinygrad_edu.training.checks import checked_parts
from tinygrad_edu.training.loop import fit
from tinygrad_edu.training.metrics import named_metrics
from tinygrad_edu.training.result import Result, columns, scaled
from tinygrad_edu.training.stopping import EarlyStopping

SCALERS: dict[str, type[Scaler]] = {"standard": StandardScaler, "minmax": MinMaxScaler, "maxabs": MaxAbsScaler}
LOSSES: dict[str, type[Module]] = {"mse": MSELoss, "least_squares": LeastSquaresLoss, "l1": L1Loss, "huber": HuberLoss,
                                   "cross_entropy": CrossEntropyLoss}
OF_DIFFERENCES = (MSELoss, LeastSquaresLoss, L1Loss, HuberLoss)
"""The losses that compare measured targets with predictions of any size, so that both may be scaled."""

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "adagrad": Adagrad, "rmsprop": RMSprop, "adam": Adam,
                                                   "adamw": AdamW}


@dataclass(kw_only=True, frozen=True)
class Recipe:
    """How to get from a table of data to a tested network, in ten choices; `print(recipe)` lists them.

    A choice is a name, or an object where the names do not suffice. Whole numbers and strings as targets are classes,
    floating numbers are measured; where whole numbers are measured, too, pass `y.astype(float)` or name a loss.

    Args:
        test, validation: 1. The shares of rows set aside for the test, and of the others for validation; between 0 and
            1. Of classes, each part gets its proportion.
        scaling: 2. Of the features, and of measured targets: "standard", "minmax", "maxabs", a scaler, or None.
        hidden: 3. How many units each hidden layer has, [] for none; a number is that of a single layer.
        activation: 4. Of the hidden layers, as `nn.MLP` takes it.
        init: 5. How the weights start, a function of `nn.init`; None for what suits the activation.
        loss: 6. "mse", "least_squares", "l1", "huber", "cross_entropy", or a loss; None for the cross-entropy of
            classes, else the mean squared error.
        penalty, dropout, batch_norm: 7. Against overfitting: such as `nn.L2Penalty(1e-3)`; a probability; True.
        optimizer, lr, schedule: 8. "sgd", "adagrad", "rmsprop", "adam", "adamw", a class of `optim`, or a function that
            makes an optimizer of the parameters; the learning rate, but for a function, which has its own; the learning
            rate as a function of the step.
        batch_size, epochs, patience: 9. As for `fit`; after how many epochs in a row without a better validation loss
            to stop early, or None for never.
        metrics: 10. For the test, as for `fit`; None for the accuracy of classes, else R².

    Errors: ArgumentError and OptionError for what a choice cannot be; unknown names are told the known ones.

    >>> import tinygrad_edu as tg
    >>> recipe = tg.training.Recipe(hidden=[16], epochs=60)
    >>> print(recipe)
     1. data            25 % of the rows for the test, 20 % of the others for validation
     2. scaling         standard
     3. architecture    fully connected, hidden layers of 16 units
     4. activation      tanh
     5. initialisation  what suits the activation
     6. loss            cross_entropy for classes, else mse
     7. regularisation  none
     8. optimizer       adam, learning rate 0.01
     9. training        60 epochs at most, batches of 32, early stopping after 10 epochs without progress
    10. evaluation      accuracy for classes, else r2
    >>> X, y = tg.data.load_iris()
    >>> result = recipe.fit(X, y, rng=0)
    >>> result.test_scores["accuracy"] > 0.9
    True
    >>> result.predict([[5.1, 3.5, 1.4, 0.2]])
    array([0])
    """

    test: float = 0.25
    validation: float = 0.2
    scaling: str | Scaler | None = "standard"
    hidden: Sequence[int] | int = (16, 16)
    activation: Any = "tanh"
    init: Any = None
    loss: str | Module | None = None
    penalty: Callable[[Module], Any] | None = None
    dropout: float = 0.0
    batch_norm: bool = False
    optimizer: str | Callable[[Any], Optimizer] = "adam"
    lr: float = 0.01
    schedule: Callable[[int], float] | None = None
    batch_size: int | None = 32
    epochs: int = 100
    patience: int | None = 10
    metrics: Any = None

    def __post_init__(self) -> None:
        for name in ("test", "validation"):
            share = real_number(f"Recipe: {name}", getattr(self, name))
            if not 0 < share < 1:
                raise ArgumentError(f"Recipe: {name} is a share of the rows, between 0 and 1, got {share}")
        # to make one of each finds what cannot be made now and not when there are data
        model = self._model(1, 1, np.random.default_rng(0))
        self._scaler()
        self._metrics(of_classes=True)
        checked_parts("Recipe", model, self._loss(of_classes=True), self._optimizer(model), self.penalty,
                      self.schedule, self.epochs, self.batch_size, self._stopping())

    def fit(self, X: Any, y: Any, *, callbacks: Iterable[Callback] = (), rng: RandomSource = None,
            progress: bool | None = None) -> "Result":
        """Go through all ten steps.

        Args:
            X: the features, (n, p).
            y: the targets, (n,): classes, whole numbers or strings; or measured floating numbers, also (n, outputs).
                The result's predictions and its `y_test` have this shape, too.
            callbacks, progress: as for `training.fit`.
            rng: a seed or a `numpy.random.Generator` for all that is random; the library's own if not given.

        Errors: those of the data functions and of `training.fit`.
        """
        X, (y, classes) = as_table("Recipe.fit: X", X), self._targets(y)
        if len(X) != len(y):
            raise ShapeError(f"Recipe.fit: X and y must have the same number of rows, got {X.shape} and {y.shape}")
        rng, of_classes = default_generator(rng), classes is not None

        X_train, X_test, y_train, y_test = self._split(X, y, self.test, of_classes, rng)
        X_train, X_val, y_train, y_val = self._split(X_train, y_train, self.validation, of_classes, rng)
        loss = self._loss(of_classes)
        scaler, target_scaler = self._scaler(), self._scaler() if isinstance(loss, OF_DIFFERENCES) else None
        if scaler is not None:
            scaler.fit(X_train)
        if target_scaler is not None:
            target_scaler.fit(columns(y_train))

        def prepared(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return scaled(scaler, X), y if of_classes else scaled(target_scaler, columns(y))

        outputs = len(classes) if classes is not None else columns(y).shape[1]
        model = self._model(X.shape[1], outputs, rng)
        # a copy of the schedule, as it may remember losses
        history = fit(model, loss, self._optimizer(model), *prepared(X_train, y_train), epochs=self.epochs,
                      batch_size=self.batch_size, validation=prepared(X_val, y_val), metrics=self._metrics(of_classes),
                      penalty=self.penalty, schedule=deepcopy(self.schedule),
                      callbacks=[*callbacks, *self._stopping()], rng=rng, progress=progress)
        if classes is not None:
            y_train, y_test = classes[y_train], classes[y_test]
        result = Result(self, model, loss, named_metrics("Result.evaluate", self._metrics(of_classes), loss), history,
                        scaler, target_scaler, classes, X_train, y_train, X_test, y_test, test_scores={})
        return replace(result, test_scores=result.evaluate(X_test, y_test))

    def __str__(self) -> str:
        def named(choice: Any) -> str:
            return choice if isinstance(choice, str) else getattr(choice, "__name__", None) or repr(choice)

        against = [*([named(self.penalty)] if self.penalty else []),
                   *([f"dropout of {self.dropout:.0%}"] if self.dropout else []),
                   *(["batch normalisation"] if self.batch_norm else [])]
        units = " and ".join(map(str, self._hidden()))
        by_name = isinstance(self.optimizer, str | type)
        rate = named(self.schedule) if self.schedule else f"learning rate {self.lr:g}" if by_name else ""
        metrics = None if self.metrics is None else map(named, self._metrics(of_classes=True))
        batches = f"batches of {self.batch_size}" if self.batch_size else "full batch"
        early = f", early stopping after {self.patience} epochs without progress" if self.patience else ""
        steps = {
            "data": f"{self.test * 100:g} % of the rows for the test, {self.validation * 100:g} % of the others for "
                    "validation",
            "scaling": self.scaling.describe() if isinstance(self.scaling, Scaler) else self.scaling or "none",
            "architecture": f"fully connected, hidden layers of {units} units" if units else "a linear model",
            "activation": named(self.activation),
            "initialisation": named(self.init or "what suits the activation"),
            "loss": named(self.loss or "cross_entropy for classes, else mse"),
            "regularisation": ", ".join(against) or "none",
            "optimizer": ", ".join(filter(None, [named(self.optimizer), rate])),
            "training": f"{self.epochs} epochs at most, {batches}{early}",
            "evaluation": "accuracy for classes, else r2" if metrics is None else ", ".join(metrics),
        }
        return "\n".join(f"{i:2}. {step:14}  {choice}" for i, (step, choice) in enumerate(steps.items(), start=1))

    # ----- the choices, made -----

    def _targets(self, y: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Class numbers and the classes they stand for; or measured targets and None."""
        measured = np.asarray(y).dtype.kind == "f" if self.loss is None else not self._of_classes()
        if measured:
            return as_real_rows("Recipe.fit: y", y), None
        classes, numbers = np.unique(as_labels("Recipe.fit: y", y), return_inverse=True)
        return numbers, classes

    def _of_classes(self) -> bool:
        return isinstance(self._loss(of_classes=False), CrossEntropyLoss)

    def _split(self, X: np.ndarray, y: np.ndarray, share: float, of_classes: bool,
               rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        try:
            return train_test_split(X, y, test_size=share, rng=rng, stratify=y if of_classes else None)
        except ArgumentError as error:
            if not of_classes:
                raise
            raise ArgumentError(f"Recipe.fit: y is taken for {len(np.unique(y))} classes, as whole numbers and strings "
                                f"are; if it is measured, pass y.astype(float). Else: {error}") from None

    def _scaler(self) -> Scaler | None:
        if isinstance(self.scaling, Scaler | None):
            return copy(self.scaling)  # which is then fitted, while the one given stays as it is
        return _known("scaling", self.scaling, SCALERS, "or a scaler")()

    def _model(self, features: int, outputs: int, rng: np.random.Generator) -> MLP:
        return MLP([features, *self._hidden(), outputs], self.activation, rng=rng, init=self.init, dropout=self.dropout,
                   batch_norm=self.batch_norm)

    def _hidden(self) -> tuple[int, ...]:
        if isinstance(self.hidden, int | np.integer):
            return (int(self.hidden),)
        if not isinstance(self.hidden, Iterable) or isinstance(self.hidden, str):
            raise OptionError("Recipe: hidden must be how many units each hidden layer has, such as [16, 16], got "
                              f"{self.hidden!r}")
        return tuple(self.hidden)

    def _loss(self, of_classes: bool) -> Any:
        if isinstance(self.loss, Module):
            return self.loss
        return _known("loss", self.loss or ("cross_entropy" if of_classes else "mse"), LOSSES, "or a loss")()

    def _optimizer(self, model: Module) -> Optimizer:
        if isinstance(self.optimizer, type):
            return self.optimizer(model.parameters(), lr=self.lr)
        if callable(self.optimizer):
            return self.optimizer(model.parameters())
        return _known("optimizer", self.optimizer, OPTIMIZERS, "or a function of the parameters")(model.parameters(),
                                                                                               lr=self.lr)

    def _stopping(self) -> list[Callback]:
        return [] if self.patience is None else [EarlyStopping(patience=self.patience)]

    def _metrics(self, of_classes: bool) -> list[Any]:
        metrics = ("accuracy" if of_classes else "r2") if self.metrics is None else self.metrics
        named_metrics("Recipe", metrics)
        return [metrics] if isinstance(metrics, str) or callable(metrics) else list(metrics)


def _known(choice: str, name: Any, table: dict[str, Any], otherwise: str) -> Any:
    """The entry of that name; an error that lists the names if there is none."""
    if not isinstance(name, str):
        raise OptionError(f"Recipe: {choice} must be {', '.join(map(repr, table))} {otherwise}, got {name!r}")
    if name not in table:
        raise ArgumentError(f"Recipe: the known names for {choice} are {', '.join(map(repr, table))}, got {name!r}")
    return table[name]
