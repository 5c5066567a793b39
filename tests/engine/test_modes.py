"""`no_grad`, `detect_anomaly`, and the watch over data that were changed between forward and backward."""

import inspect
import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.errors import AnomalyError, BackwardError, MutationError

# ----- no_grad -----

def test_under_no_grad_ops_compute_and_remember_nothing():
    w = tg.Value(np.ones(3))
    with tg.no_grad():
        y = np.tanh(w * 2) @ np.ones(3)
        assert y.op is None and y.inputs == ()
        with tg.enable_grad():
            assert (w * 2).op is not None
        assert (w * 2).op is None
    assert y.data == pytest.approx(3 * np.tanh(2.0))
    assert (w * 2).op is not None


def test_no_grad_is_a_decorator_too_and_ends_with_an_error():
    w = tg.Value(1.0)

    @tg.no_grad()
    def evaluate(fail):
        if fail:
            raise KeyError("mine")
        return w * 2

    assert evaluate(False).op is None and evaluate(False).op is None
    with pytest.raises(KeyError):
        evaluate(True)
    assert (w * 2).op is not None


def test_modes_are_those_of_one_thread():
    w, seen = tg.Value(1.0), []
    with tg.no_grad():
        thread = threading.Thread(target=lambda: seen.append((w * 2).op))
        thread.start()
        thread.join()
    assert seen[0] is not None


# ----- detect_anomaly -----

def test_the_first_op_that_made_a_nan_is_named_with_shapes_and_line():
    x = tg.Value([1.0, -1.0], name="x")
    with np.errstate(all="ignore"), tg.detect_anomaly():
        with pytest.raises(AnomalyError, match=r"sqrt of a Value of shape \(2,\) made nan"):
            np.exp(np.sqrt(x * 2.0))


def test_the_line_is_the_users():
    x = tg.Value(0.0, name="x")
    with np.errstate(all="ignore"), tg.detect_anomaly(), pytest.raises(AnomalyError) as caught:
        np.log(x)
    line = inspect.currentframe().f_lineno - 1
    assert caught.match(rf"log of 'x' \(\) made -inf \({__file__}, line {line}\)")


def test_an_input_that_was_bad_already_is_said():
    with tg.detect_anomaly(), pytest.raises(AnomalyError, match="made nan; its input already had nan"):
        tg.Value([np.nan]) * 2


def test_backward_names_the_edge_and_the_line_of_its_forward():
    x = tg.Value([0.0, 1.0], name="x")
    with np.errstate(all="ignore"), tg.detect_anomaly():
        y = np.sqrt(x)
        line = inspect.currentframe().f_lineno - 1
        with pytest.raises(AnomalyError) as caught:
            y.sum().backward()
    words = r"backward of sqrt of 'x' \(2,\) made inf as the gradient of its input x"
    assert caught.match(rf"{words} \({__file__}, line {line}\)")
    assert x.grad is None and y.grad is None


def test_a_layer_that_overflows_is_found_within_a_network():
    model = tg.nn.MLP([2, 3, 1], rng=0)
    model.parameters()[0].data[...] = 1e308
    found = pytest.raises(AnomalyError, match=r"linear of .* made (inf|nan)")
    with np.errstate(all="ignore"), tg.detect_anomaly(), found:
        model(np.full((4, 2), 10.0))


def test_without_an_anomaly_nothing_is_different():
    x = tg.Value([0.5, 1.0])
    with tg.detect_anomaly():
        (np.exp(x) * x).sum().backward()
    np.testing.assert_allclose(x.grad, np.exp(x.data) * (1 + x.data), rtol=1e-15)


# ----- changed data -----

def assign(v):
    v.assign([9.0, 9.0])


def set_data(v):
    v.data = [9.0, 9.0]


def subtract(v):
    v.data -= 1.0


def step(v):
    v.grad = np.ones(2)
    tg.optim.SGD([v], lr=0.1).step()
    v.grad = None


@pytest.mark.parametrize("change, by", [(assign, "assign"), (set_data, r"an assignment to \.data"),
                                        (subtract, r"an assignment to \.data"), (step, r"SGD\.step")])
def test_data_changed_before_backward_is_an_error_that_names_op_value_and_cause(change, by):
    w = tg.Value([1.0, 2.0], name="w")
    y = (w * w).sum()
    change(w)
    with pytest.raises(MutationError, match=rf"backward of multiply: its input 'w' \(2,\) was changed by {by} after"):
        y.backward()
    assert w.grad is None
    (w * w).sum().backward()  # forward again, and all is well
    np.testing.assert_array_equal(w.grad, 2 * w.data)


def test_an_output_that_was_changed_is_found_too():
    x = tg.Value([1.0, 2.0])
    y = np.exp(x)
    y.data = [0.0, 0.0]
    with pytest.raises(MutationError, match="backward of exp: its output"):
        y.sum().backward()


def test_changing_before_the_op_or_after_backward_is_fine():
    w = tg.Value([1.0, 2.0])
    w.data = [3.0, 4.0]
    y = (w * w).sum()
    y.backward()
    w.data = [0.0, 0.0]
    np.testing.assert_array_equal(w.grad, [6, 8])


def test_a_change_elsewhere_does_not_matter():
    w, other = tg.Value([1.0, 2.0]), tg.Value([1.0, 2.0])
    y = (w * w).sum()
    other.data = [3.0, 4.0]
    y.backward()
    np.testing.assert_array_equal(w.grad, [2, 4])


def test_transforms_watch_too():
    w = tg.Value(2.0, name="w")

    def f(x):
        y = x * w
        w.data = 5.0
        return y

    with pytest.raises(MutationError, match="multiply: its input 'w'"):
        tg.grad(f)(1.0)


def test_a_write_into_the_array_itself_is_found_under_detect_anomaly():
    for make in (lambda w, c: (w * w).sum(), lambda w, c: (w * c).sum(), lambda w, c: np.tanh(w).sum()):
        w, c = tg.Value(np.array([1.0, 2.0]), name="w"), np.array([1.0, 2.0])
        with tg.detect_anomaly():
            y = make(w, c)
            w.data[0] = c[0] = 7.0
            with pytest.raises(MutationError, match="was written into directly after"):
                y.backward()
        assert w.grad is None


def test_a_detached_leaf_does_not_follow_its_origin():
    w = tg.Value([1.0, 2.0])
    u = tg.Value([1.0, 1.0])
    z = (w.detach() * u).sum()
    w.grad = np.ones(2)
    tg.optim.SGD([w], lr=1.0).step()
    z.backward()
    np.testing.assert_array_equal(u.grad, [1, 2])
    other = tg.Value([0.0, 0.0])
    other.data = w.data
    w.data[...] = 9.0
    np.testing.assert_array_equal(other.data, [0, 1])


@pytest.mark.parametrize("index", [np.array([0, 1]), [0, 1]])
def test_an_index_that_is_changed_afterwards_does_not_matter(index):
    x = tg.Value([1.0, 2.0, 3.0])
    y = x[index]
    index[0] = 2
    y.backward([1.0, 10.0])
    np.testing.assert_array_equal(x.grad, [1, 10, 0])


def test_a_result_of_no_grad_has_no_backward():
    with tg.no_grad():
        y = tg.Value(1.0) * 2
    with pytest.raises(BackwardError, match="computed under no_grad"):
        y.backward()


def test_a_mode_may_be_used_twice():
    quiet = tg.no_grad()
    for _ in range(2):
        with quiet, quiet:
            assert (tg.Value(1.0) * 2).op is None
        assert (tg.Value(1.0) * 2).op is not None


def test_threads_that_share_a_decorated_function_keep_their_own_modes():
    entered, may_leave, recorded = threading.Event(), threading.Event(), []

    @tg.no_grad()
    def evaluate(wait):
        if wait:
            entered.set()
            may_leave.wait(10)

    def other():
        evaluate(True)
        recorded.append((tg.Value(1.0) * 2).op is not None)

    thread = threading.Thread(target=other)
    thread.start()
    entered.wait(10)
    with tg.no_grad():  # here it returns to this mode, and in the other thread to recording
        evaluate(False)
        may_leave.set()
        thread.join()
        evaluate(False)
        assert (tg.Value(1.0) * 2).op is None
    assert recorded == [True] and (tg.Value(1.0) * 2).op is not None
