"""What users may do with the parameters between steps, and how the state of an optimizer is saved."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.optim.parameters import give_gradients, take_step, values
from tinygrad_edu.errors import MutationError
from tinygrad_edu.interop import load, save
from tinygrad_edu.optim import SGD, Adagrad, Adam, AdamW, RMSprop
from tinygrad_edu.optim import flat as flat_module

optimizers = pytest.mark.parametrize("optimizer", [
    SGD, lambda params, lr: SGD(params, lr, momentum=0.9), Adagrad,
    lambda params, lr: RMSprop(params, lr, momentum=0.9, centered=True), Adam,
    lambda params, lr: AdamW(params, lr, amsgrad=True)],
    ids=["SGD", "momentum", "Adagrad", "RMSprop", "Adam", "AdamW"])


# ----- data: read, changed and assigned -----

def test_the_data_are_views_of_one_vector_per_dtype():
    params = [*values([1, 2], [[3]]), tg.Value(np.ones(2, np.float32))]
    before = [p.data.copy() for p in params]
    SGD(params)
    assert params[0].data.base is params[1].data.base
    assert params[0].data.base is not params[2].data.base
    for p, array in zip(params, before, strict=True):
        np.testing.assert_array_equal(p.data, array)
        assert p.data.dtype == array.dtype


@pytest.mark.parametrize("data", [
    np.arange(6.0).reshape(2, 3).T, np.arange(6.0)[::-2], np.array(2.0), np.zeros((0, 2)),
    np.broadcast_to(1.0, (2, 2)), np.asfortranarray(np.eye(3)), np.float32(3), np.ones(2, np.float16),
    np.ones(2, np.longdouble)], ids=repr)
def test_any_layout_of_the_data_steps_like_any_other(data):
    p = tg.Value(data)
    optimizer = SGD([p], lr=0.5)
    p.grad = np.ones_like(data)
    optimizer.step()
    np.testing.assert_array_equal(p.data, data - np.asarray(0.5, data.dtype))
    assert p.data.dtype == data.dtype


def with_swapped(a, b):
    a.data, b.data = b.data, a.data


def with_copied(a, b):
    b.data = a.data


def with_written(a, b):
    a.data[:] = [7.0, 8.0]
    b.data *= 3


def with_assigned(a, b):
    a.data = [5.0, -5.0]
    b.data = np.array([1, 2], np.float32)


@optimizers
@pytest.mark.parametrize("change", [with_swapped, with_copied, with_written, with_assigned])
@pytest.mark.parametrize("which", ["both", "first", "second", "none"])
def test_users_may_change_the_data_between_steps(optimizer, change, which):
    # the same with every parameter in an optimizer of its own, and copies of the data for aliases
    together, alone = values([1, 2], [3, 4]), values([1, 2], [3, 4])
    steppers = [optimizer(together, lr=0.1)], [optimizer([p], lr=0.1) for p in alone]
    for step in range(4):
        for params, group in zip((together, alone), steppers, strict=True):
            give_gradients(params, seed=step)
            if step == 2:
                change(*params)
                if params is alone:
                    for p in params:
                        p.data = p.data.copy()
                for p, name in zip(params, ("first", "second"), strict=True):
                    p.grad = p.grad if which in ("both", name) else None
            take_step(group)
        for p, q in zip(together, alone, strict=True):
            np.testing.assert_array_equal(p.data, q.data)
    assert not np.shares_memory(together[0].data, together[1].data)


def test_an_assigned_array_is_copied_and_the_data_stay_the_same_view():
    p, = values([1, 2])
    optimizer = SGD([p], lr=1)
    place, assigned = p.data, np.array([10.0, 20.0])
    p.data = assigned
    p.grad = np.ones(2)
    optimizer.step()
    assert p.data is place
    np.testing.assert_array_equal(place, [9, 19])
    np.testing.assert_array_equal(assigned, [10, 20])


@optimizers
def test_an_optimizer_may_be_made_between_forward_and_backward(optimizer):
    w, = values([1, 2])
    J = (w * w).sum()
    stepper = optimizer([w], lr=0.1)  # which moves the data, but changes no number
    J.backward()
    np.testing.assert_array_equal(w.grad, [2, 4])
    stepper.step()
    assert (w.data < [1, 2]).all()


def test_gradients_of_a_step_are_left_as_they_were():
    p, = values([1, 2])
    optimizer = Adam([p])
    p.grad = g = np.array([3.0, 4.0])
    optimizer.step()
    assert p.grad is g
    np.testing.assert_array_equal(g, [3, 4])
    optimizer.zero_grad()
    assert p.grad is None


@optimizers
def test_two_optimizers_may_share_a_parameter(optimizer):
    (shared, first, second), (p, q, r) = values([1, 2], [3], [4]), values([1, 2], [3], [4])
    pair = optimizer([shared, first], lr=0.1), optimizer([second, shared], lr=0.2)
    # the reference: in an optimizer of its own, with both histories
    single = [optimizer([p], lr=0.1), optimizer([p], lr=0.2), optimizer([q], lr=0.1), optimizer([r], lr=0.2)]
    for step in range(5):
        for params in ([shared, first, second], [p, q, r]):
            give_gradients(params, seed=step)
        pair[step % 2].step()
        for stepper in (single[0], single[2]) if step % 2 == 0 else (single[1], single[3]):
            stepper.step()
        for ours, expected in zip((shared, first, second), (p, q, r), strict=True):
            np.testing.assert_array_equal(ours.data, expected.data)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=6),
       st.lists(st.lists(st.booleans(), min_size=6, max_size=6), max_size=5), st.integers(0, 1))
def test_one_optimizer_of_all_parameters_is_as_good_as_one_for_each(kinds, pattern, which):
    make = (lambda params: SGD(params, 0.1, momentum=0.9)) if which else (lambda params: Adam(params, 0.1))
    starts = [np.full((rows, columns), 1.5, np.float32 if single else np.float64)
              for rows, columns, single in kinds]
    together, alone = [tg.Value(s.copy()) for s in starts], [tg.Value(s.copy()) for s in starts]
    steppers = [make(together)], [make([p]) for p in alone]
    for step, has_gradient in enumerate(pattern):
        for params, group in zip((together, alone), steppers, strict=True):
            give_gradients(params, step)
            for p, given_one in zip(params, has_gradient, strict=False):
                p.grad = p.grad if given_one else None
            take_step(group)
    for p, q in zip(together, alone, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_a_long_vector_is_updated_piece_by_piece_to_the_same_bits(monkeypatch):
    start = np.random.default_rng(0).normal(size=1000)
    whole, pieces = tg.Value(start.copy()), tg.Value(start.copy())
    optimizer = Adam([whole])
    give_gradients([whole])
    optimizer.step()
    for module in (flat_module, tg.optim.optimizer):
        monkeypatch.setattr(module, "PIECE", 7)
    optimizer = Adam([pieces])
    give_gradients([pieces])
    optimizer.step()
    np.testing.assert_array_equal(pieces.data, whole.data)


# ----- Python numbers -----

def test_a_python_number_is_a_parameter_and_stays_a_number():
    w, b = tg.Value(1.0), tg.Value(np.array([2.0]))
    optimizer = SGD([w, b], lr=0.1)
    (w * w * b).sum().backward()
    optimizer.step()
    assert type(w.data) is float and w.data == 1 - 0.1 * 4
    np.testing.assert_array_equal(b.data, [2 - 0.1])
    w.data = 5
    w.grad = 10.0
    optimizer.step()
    assert w.data == 4.0 and type(w.data) is float
    w.grad = None
    w.data = -1
    optimizer.step()
    assert w.data == -1.0


def test_a_net_of_numbers_learns_as_one_of_arrays_does():
    w, b, v = tg.Value(0.5), tg.Value(-0.2), tg.Value(np.array([0.5, -0.2]))
    numbers, arrays = Adam([w, b], lr=0.1), Adam([v], lr=0.1)
    x = np.linspace(-1, 1, 5)
    for _ in range(20):
        numbers.zero_grad()
        arrays.zero_grad()
        sum(((w * float(a) + b - 3.0 * float(a)) ** 2 for a in x), tg.Value(0.0)).backward()
        ((v[0] * x + v[1] - 3 * x) ** 2).sum().backward()
        numbers.step()
        arrays.step()
    np.testing.assert_allclose([w.data, b.data], v.data, rtol=1e-12)


# ----- stale graphs -----

@pytest.mark.parametrize("optimizer, by", [(SGD, r"SGD\.step"), (Adam, r"Adam\.step")])
@pytest.mark.parametrize("data", [2.0, [2.0, 3.0]], ids=repr)
def test_a_graph_from_before_a_step_is_stale_and_says_why(optimizer, by, data):
    w = tg.nn.Parameter(data, name="w")
    stepper = optimizer([w])
    J, late = np.sum(w * w), np.sum(w * w)
    J.backward()
    stepper.step()
    g = np.copy(w.grad)
    with pytest.raises(MutationError, match=rf"of multiply: its input 'w' .* was changed by {by} after"):
        late.backward()
    np.testing.assert_array_equal(w.grad, g)
    stepper.zero_grad()
    np.sum(w * w).backward()  # a new one is good
    np.testing.assert_allclose(w.grad, 2 * w.data)


def test_only_the_parameters_that_moved_make_a_graph_stale():
    w, frozen = values([1, 2], [3])
    optimizer = SGD([w, frozen])
    J = (frozen * frozen).sum()
    w.grad = np.ones(2)
    optimizer.step()
    J.backward()
    np.testing.assert_array_equal(frozen.grad, [6])


# ----- states -----

@optimizers
@pytest.mark.parametrize("ending", [None, ".npz"])
def test_a_saved_optimizer_goes_on_bit_for_bit(optimizer, ending, tmp_path):
    starts = [np.array([[1.0, 2.0]]), np.array([3.0], np.float32), 4.0]
    params = [tg.Value(s) for s in starts]
    first = optimizer(params, lr=0.1)
    for step in range(5):
        give_gradients(params, step)
        params[step % 3].grad = None
        first.lr = 0.1 / (1 + step)
        first.step()
    state = first.state_dict()
    if ending:
        save(tmp_path / f"state{ending}", state)
        state = load(tmp_path / f"state{ending}")
    copies = [tg.Value(np.array(p.data) if p.ndim else p.data) for p in params]
    second = optimizer(copies, lr=7.0)
    second.load_state_dict(state)
    assert second.lr == first.lr
    for step in range(5, 10):
        for group, stepper in ((params, first), (copies, second)):
            give_gradients(group, step)
            stepper.step()
    for p, q in zip(params, copies, strict=True):
        assert np.asarray(p.data).tobytes() == np.asarray(q.data).tobytes()


def test_a_state_is_a_copy():
    params = values([1, 2])
    optimizer = Adam(params)
    give_gradients(params)
    optimizer.step()
    state = optimizer.state_dict()
    before = {name: array.copy() for name, array in state.items()}
    optimizer.load_state_dict(state)
    optimizer.step()
    for name, array in before.items():
        np.testing.assert_array_equal(state[name], array)


def test_a_state_counts_the_steps_of_each_parameter():
    params = values([1], [2], [3])
    optimizer = Adam(params)
    for step in range(3):
        give_gradients(params)
        params[1].grad = None
        params[2].grad = None if step else params[2].grad
        optimizer.step()
    np.testing.assert_array_equal(optimizer.state_dict()["t"], [3, 0, 1])


def test_gradients_of_other_dtypes_and_lists_are_taken_over():
    params = values([1, 2], [3, 4], [5, 6])
    optimizer = SGD(params, lr=1)
    for p, g in zip(params, ([1, 2], np.array([1, 2], np.float32), np.array([True, False])), strict=True):
        p.grad = g
    optimizer.step()
    np.testing.assert_array_equal([p.data for p in params], [[0, 0], [2, 2], [4, 6]])


def test_the_repr_says_the_settings_and_the_size():
    assert repr(Adam(values([1, 2], [3]), lr=0.1)) == (
        "<Adam(lr=0.1, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, amsgrad=False) of 3 numbers in 2 parameters>")


# ----- numbers -----

def test_centered_rmsprop_never_takes_the_root_of_a_negative_number():
    w = tg.Value(np.zeros(50))
    optimizer = RMSprop([w], lr=1e-12, alpha=0.5, centered=True)
    for _ in range(100):
        w.grad = np.linspace(0.1, 5, 50)  # constant: their variance is 0 but for rounding
        optimizer.step()
    assert np.isfinite(w.data).all()


def test_adamw_decays_every_weight_by_the_same_factor():
    w, = values([1, 2, 3])
    optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
    for _ in range(3):
        w.grad = np.zeros(3)
        optimizer.step()
    np.testing.assert_allclose(w.data, np.array([1, 2, 3]) * 0.95**3, rtol=1e-15)


@pytest.mark.parametrize("optimizer", [SGD, Adagrad, RMSprop, Adam, AdamW])
def test_weight_decay_zero_is_no_decay_and_assigned_later_it_acts(optimizer):
    first, second = values([1.0, -2.0], [1.0, -2.0])
    steppers = optimizer([first], lr=0.1, weight_decay=0), optimizer([second], lr=0.1, weight_decay=0)
    steppers[1].weight_decay = 0.3
    for p, stepper in zip((first, second), steppers, strict=True):
        p.grad = np.zeros(2)
        stepper.step()
    np.testing.assert_array_equal(first.data, [1, -2])
    assert (np.abs(second.data) < [1, 2]).all()
