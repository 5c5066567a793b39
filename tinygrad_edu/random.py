"""The one random generator of the library: shared by all, seeded here, or replaced by one passed in."""

from functools import cache
from typing import TypeAlias

import numpy as np

from tinygrad_edu.errors import ArgumentError, OptionError
from tinygrad_edu.tracing import current

RandomSource: TypeAlias = "np.random.Generator | int | None"
"""What an argument `rng` may be; in quotes because NumPy only loads `np.random` when it is first used."""


def manual_seed(seed: int) -> None:
    """Seed the library's generator: the same seed gives the same bits afterwards.

    It is seeded in place, so that a layer that holds it already sees the new seed, too. Until the first call
    the generator is seeded by the operating system. The name is PyTorch's; the bits are NumPy's.

    Args:
        seed: a whole number, 0 or larger.

    Errors: OptionError if the seed is no whole number, ArgumentError if it is negative.

    >>> from tinygrad_edu.random import default_generator, manual_seed
    >>> manual_seed(0)
    >>> first = default_generator().normal(size=3)
    >>> manual_seed(0)
    >>> bool((default_generator().normal(size=3) == first).all())
    True
    """
    _shared_generator().bit_generator.state = _seeded("manual_seed", seed).bit_generator.state


def default_generator(rng: RandomSource = None) -> "np.random.Generator":
    """The generator meant by an argument `rng`.

    Args:
        rng: None for the library's own generator, a whole number to seed a new one, or a
            `numpy.random.Generator`, which is returned as it is.

    Errors: OptionError if `rng` is of another kind, ArgumentError if it is a negative number.

    >>> import numpy as np
    >>> from tinygrad_edu.random import default_generator
    >>> default_generator(7).integers(100) == np.random.default_rng(7).integers(100)
    np.True_
    """
    if rng is None:
        generator = _shared_generator()
    else:
        generator = rng if isinstance(rng, np.random.Generator) else _seeded("rng", rng)
    return generator if current.trace is None else current.trace.generator(generator)


def _seeded(name: str, seed: int) -> "np.random.Generator":
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool):
        other = "" if name == "manual_seed" else ", None or a numpy.random.Generator"
        raise OptionError(f"{name}: expected a whole number{other}, "
                          f"got {seed!r} of type {type(seed).__name__}")
    if seed < 0:
        raise ArgumentError(f"{name}: a seed is 0 or larger, got {seed}")
    return np.random.default_rng(int(seed))


@cache
def _shared_generator() -> "np.random.Generator":
    # made on first use: drawing in np.random would make `import tinygrad_edu` slower
    return np.random.default_rng()
