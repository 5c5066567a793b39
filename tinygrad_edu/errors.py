"""Every error the library raises: one class per kind, each also the built-in error it resembles."""

import numpy as np


class TinygradError(Exception):
    """Base of all errors raised by tinygrad_edu; catch it to catch them all."""


class ShapeError(TinygradError, ValueError):
    """Arrays whose shapes do not fit together."""


class DtypeError(TinygradError, TypeError):
    """Data that cannot be differentiated: strings, objects, complex numbers."""


class ArgumentError(TinygradError, ValueError):
    """An argument with a value outside what the function accepts."""


class OptionError(TinygradError, TypeError):
    """An argument of the wrong kind, or one the function does not have."""


class IndexingError(TinygradError, IndexError):
    """An index outside an array, or of a kind arrays cannot be indexed with."""


class UnknownNameError(TinygradError, KeyError):
    """A name that is not among those that are there."""

    __str__ = Exception.__str__  # a KeyError would show the message in quotes


class LinalgError(TinygradError, np.linalg.LinAlgError):
    """A matrix for which the operation is not defined: singular, not positive definite."""


class BackwardError(TinygradError, RuntimeError):
    """A gradient that was asked for in a way that has no meaning."""


class MutationError(TinygradError, RuntimeError):
    """Data that an operation saved for its gradient was changed before `backward`."""


class AnomalyError(TinygradError, ArithmeticError):
    """The first NaN or infinity, found by `detect_anomaly`."""


class GradientRuleError(TinygradError, TypeError):
    """A gradient rule that is missing, or returned something that is not a gradient."""


class TraceError(TinygradError, RuntimeError):
    """Something in a function that cannot be compiled: what hangs on numbers that are only known when it runs."""


class GradcheckError(TinygradError, AssertionError):
    """A gradient that is not the slope of the function, found by `check.gradcheck`."""


class MissingMethodError(TinygradError, NotImplementedError):
    """A method that a subclass must define, and did not."""


class StateError(TinygradError, ValueError):
    """A saved state that does not fit the object it is loaded into."""


class FileFormatError(TinygradError, ValueError):
    """A file that is not what its name says."""


class RenderError(TinygradError, RuntimeError):
    """A picture that Graphviz could not draw, or not in time."""


class MissingDependencyError(TinygradError, ImportError):
    """An optional library that is not installed; the message names the extra to install."""


class ConvergenceWarning(UserWarning):
    """A search that ran out of its budget of steps: what it reached is usable, but not yet the answer."""


class IllConditionedWarning(UserWarning):
    """Columns of data that nearly repeat each other, so that small errors of the data become large ones."""


class UnderdeterminedWarning(UserWarning):
    """Not more samples than parameters."""


class DivergenceWarning(UserWarning):
    """A training whose numbers are finite no more, or grew to the end: its message says where and what to try."""


class SavedStateWarning(UserWarning):
    """A saved state that takes the place of what was asked for."""
