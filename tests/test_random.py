"""The shared generator: one for all, the same bits after the same seed, and clear words on a bad one."""

import subprocess
import sys

import numpy as np
import pytest

from tinygrad_edu.errors import ArgumentError, OptionError
from tinygrad_edu.random import default_generator, manual_seed


@pytest.fixture(autouse=True)
def leave_the_generator_as_it_was():
    state = default_generator().bit_generator.state
    yield
    default_generator().bit_generator.state = state


@pytest.mark.parametrize("seed", [0, 1, 2**40, np.int64(5)])
def test_a_seed_gives_the_bits_of_numpy(seed):
    expected = np.random.default_rng(seed).integers(2**60, size=8)
    manual_seed(seed)
    assert (default_generator().integers(2**60, size=8) == expected).all()
    assert (default_generator(seed).integers(2**60, size=8) == expected).all()


def test_none_is_always_the_same_generator_and_seeding_reaches_whoever_holds_it():
    held = default_generator()
    manual_seed(3)
    assert default_generator(None) is held
    assert held.random() == np.random.default_rng(3).random()


def test_a_generator_is_passed_through():
    rng = np.random.default_rng(0)
    assert default_generator(rng) is rng


def test_a_seed_as_argument_leaves_the_shared_generator_alone():
    manual_seed(1)
    default_generator(99).random(100)
    assert default_generator().random() == np.random.default_rng(1).random()


@pytest.mark.parametrize("bad, error", [("7", OptionError), (1.5, OptionError), (True, OptionError),
                                        (None, OptionError), ([1], OptionError), (-1, ArgumentError)])
def test_a_bad_seed_is_refused_and_changes_nothing(bad, error):
    manual_seed(1)
    with pytest.raises(error, match=r"^manual_seed: (expected a whole number|a seed is 0 or larger), got"):
        manual_seed(bad)
    assert default_generator().random() == np.random.default_rng(1).random()


@pytest.mark.parametrize("bad, error", [("7", OptionError), (1.5, OptionError), (False, OptionError),
                                        (np.random.RandomState(0), OptionError), (-1, ArgumentError)])
def test_a_bad_rng_is_refused(bad, error):
    with pytest.raises(error, match=r"^rng: "):
        default_generator(bad)


def test_importing_the_module_does_not_load_numpy_random():
    code = "import sys, numpy; before = 'numpy.random' in sys.modules; import tinygrad_edu.random; " \
           "assert before or 'numpy.random' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
