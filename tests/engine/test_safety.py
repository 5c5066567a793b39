"""No silent wrong gradient: rules that fail, write or lend, data that change, odd operands, Ctrl-C at any moment."""

import contextlib
import sys

import numpy as np
import pytest
from scipy import sparse

import tinygrad_edu as tg
from tinygrad_edu.engine import backpropagation
from tinygrad_edu.errors import ArgumentError, DtypeError, GradientRuleError, MutationError, OptionError

# ----- rules -----

def test_a_division_by_zero_elsewhere_runs_no_rule_twice():
    calls = []

    @tg.primitive("{x}", x=lambda g, y, x: calls.append(x) or g)
    def noted(x):
        return x * 1.0

    x = tg.Value(2.0)
    with np.errstate(all="ignore"):
        (noted(x) + tg.Value(1.0) / tg.Value(0.0)).backward()
    assert (calls, x.grad) == ([2.0], 1.0)


@pytest.mark.parametrize("rule", [lambda g, y, x: g.__imul__(2), lambda g, y, x: x.__imul__(2)])
def test_a_users_rule_cannot_write_into_what_others_have(rule):
    @tg.primitive("2{x}", x=rule)
    def twice(x):
        return 2 * x

    x = tg.Value(np.ones(3))
    with pytest.raises(ValueError, match="read-only"):
        (x * 1.0 + twice(x)).sum().backward()
    assert x.grad is None
    np.testing.assert_array_equal(x.data, np.ones(3))


def test_nor_can_a_users_forward():
    @tg.primitive("2{x}", x=lambda g, y, x: 2 * g)
    def twice(x):
        x *= 2
        return x

    x = tg.Value(np.ones(3))
    with pytest.raises(tg.errors.TinygradError, match="read-only"):
        twice(x)
    np.testing.assert_array_equal(x.data, np.ones(3))


def test_a_rule_that_computes_with_another_value_is_told_to_make_it_an_input():
    w = tg.Value(3.0)

    @tg.primitive("w{x}", x=lambda g, y, x: g * w)
    def times_w(x):
        return x * 3.0

    x = tg.Value(2.0)
    with pytest.raises(GradientRuleError, match=r"returned a Value, .* no input of the primitive"):
        times_w(x).backward()
    assert x.grad is None


def test_a_number_from_a_rule_counts_for_every_element_of_the_output():
    @tg.primitive("{a} + 2{b}", a=lambda g, y, a, b: g, b=lambda g, y, a, b: 2.0)
    def f(a, b):
        return a + 2 * b

    a, b = tg.Value(np.ones(3)), tg.Value(np.ones(1))
    f(a, b).sum().backward()
    np.testing.assert_array_equal(b.grad, [6.0])  # 2 for each of 3


def test_gradients_of_leaves_are_arrays_of_their_own():
    def one_for_all(g, y, *xs):
        d = g / len(xs)
        return lambda i: d

    @tg.primitive("{xs}", xs=one_for_all)
    def average(*xs):
        return sum(xs) / len(xs)

    leaves = [tg.Value(np.ones(2)) for _ in range(3)]
    average(leaves).sum().backward()
    assert not any(np.shares_memory(a.grad, b.grad) for a in leaves for b in leaves if a is not b)


@pytest.mark.parametrize("options", [{"axis": 1}, {"axis": 0}, {"axis": (0, 1)}, {"axis": 0, "keepdims": True}])
def test_gradients_of_leaves_can_be_written_into(options):
    """Also where one number counts for many elements, as 1/n does in a mean."""
    for function in (tg.mean, tg.sum, lambda x, **o: tg.mean(tg.transpose(x), **o)):
        x = tg.Value(np.ones((1, 4)))
        function(x, **options).sum().backward()
        before = x.grad.copy()
        x.grad[0, 1] = 5.0
        before[0, 1] = 5.0
        assert np.array_equal(x.grad, before)


@pytest.mark.parametrize("rule", [lambda i, g, y, *xs: g, lambda g, y, *xs: [g for _ in xs]])
def test_a_rule_for_any_number_of_inputs_returns_a_function(rule):
    @tg.primitive("{xs}", xs=rule)
    def total(*xs):
        return sum(xs)

    with pytest.raises(GradientRuleError, match=r"lambda g, y, \*xs: lambda i"):
        total([tg.Value(1.0), tg.Value(2.0)]).backward()


def test_and_cannot_be_none():
    with pytest.raises(GradientRuleError, match="one rule for all, not None"):
        tg.primitive("{xs}", xs=None)(lambda *xs: sum(xs))


def test_backward_within_a_rule_gives_its_own_intermediates_their_gradient():
    seen = []

    @tg.primitive("{x}", x=lambda g, y, x: inner() or g)
    def f(x):
        return x * 1.0

    def inner():
        m = tg.Value(5.0)
        q = m * 3.0
        (q * q).backward()
        seen.append((q.grad, m.grad))

    f(tg.Value(1.0)).backward()
    assert seen == [(30.0, 90.0)]  # d(q²)/dq = 2q, d(9m²)/dm = 18m


# ----- data that change -----

def test_data_that_a_rule_changes_are_noticed():
    w, x = tg.Value(2.0), tg.Value(1.0)

    @tg.primitive("{x}", x=lambda g, y, x: w.assign(100.0) or g)
    def f(x):
        return x * 1.0

    y = w * w
    with pytest.raises(MutationError, match="multiply"):
        (y * f(x)).backward()
    assert (w.grad, x.grad, y.grad) == (None, None, None)


def test_a_view_made_under_no_grad_does_not_follow_its_parameter():
    w, other = tg.Value([1.0, 2.0]), tg.Value([3.0, 4.0])
    optimizer = tg.optim.SGD([w], lr=1.0)
    (w * w).sum().backward()
    with tg.no_grad():
        frozen = w.reshape(2)
    z = (other * frozen).sum()
    optimizer.step()
    z.backward()
    np.testing.assert_array_equal(other.grad, [1.0, 2.0])


# ----- operands that compute in a way of their own -----

MATRIX = np.array([[1.0, 2.0], [0.0, 4.0]])


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_counts_as_the_array_it_is():
    v = tg.Value(np.ones((2, 2)))
    (v * np.matrix(MATRIX)).sum().backward()
    np.testing.assert_array_equal(v.grad, MATRIX)


@pytest.mark.parametrize("operand, cure", [
    (sparse.csr_matrix(MATRIX), "not csr_matrix"), (sparse.csr_array(MATRIX), "not csr_array"),
    (np.ma.array(MATRIX, mask=MATRIX == 0), r"x.filled\(0.0\)"),
])
def test_sparse_and_masked_arrays_are_refused_with_the_cure(operand, cure):
    with pytest.raises(DtypeError, match=cure):
        tg.Value(np.ones((2, 2))) * operand


def test_a_masked_array_makes_no_value():
    with pytest.raises(DtypeError, match="lose their mask"):
        tg.Value(np.ma.array([1.0, 1e20], mask=[0, 1]))


def test_a_tensor_of_another_library_counts_as_its_numbers():
    torch = pytest.importorskip("torch")
    v = tg.Value(np.ones(2))
    (v * torch.tensor([2.0, 3.0])).sum().backward()
    np.testing.assert_array_equal(v.grad, [2.0, 3.0])


def test_an_integer_that_is_too_large_is_an_error_that_names_the_op():
    with pytest.raises(ArgumentError, match="multiply of"):
        tg.Value(2.0) * 10**400


# ----- modes -----

def test_modes_that_end_in_another_order_leave_nothing_behind():
    def frozen():
        with tg.no_grad():
            yield

    generator = frozen()
    next(generator)
    with tg.detect_anomaly():
        generator.close()
    assert (tg.Value(1.0) * 2).op is not None
    with np.errstate(divide="ignore"):
        np.log(tg.Value([0.0]))  # no anomaly is looked for any more


def test_a_generator_is_not_decorated():
    with pytest.raises(OptionError, match="write `with` inside it"):
        @tg.no_grad()
        def frozen():
            yield


# ----- Ctrl-C at any moment -----

# not of `backpropagate` itself: a trace, but no signal, could strike between the end of `with` and the end of the lock
PARTS = [function.__code__ for function in (backpropagation._count_down, backpropagation._totals, backpropagation._put)]


@contextlib.contextmanager
def interrupted_after(lines):
    """KeyboardInterrupt when that many lines of the backward pass have run."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        if frame.f_code not in PARTS:
            return None
        if event == "line":
            count += 1
            if count == lines:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def test_after_ctrl_c_at_any_line_the_next_pass_is_right():
    for lines in range(1, 400):
        a, b = tg.Value(2.0), tg.Value(np.array([3.0, 4.0]))
        y = a * a
        J = (y * b + y).sum()
        try:
            with interrupted_after(lines):
                J.backward()
            done = True
        except KeyboardInterrupt:
            done = False
        a.grad = b.grad = None
        J.backward()
        assert (a.grad, y.grad) == (36.0, 9.0)  # J = a²(7 + 2)
        np.testing.assert_array_equal(b.grad, [4.0, 4.0])
        if done:
            return
    raise AssertionError("the pass was never finished")
