"""The state of a module: buffers, saving and loading, copies."""

import copy

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.modules import Affine, Everything
from tinygrad_edu import nn
from tinygrad_edu.errors import MutationError, OptionError, StateError

# ----- buffers -----

class Counted(nn.Module):
    """A parameter, and in a list a buffer."""

    def __init__(self):
        self.scale = nn.Parameter([1.0, 2.0])
        self.seen = [nn.Buffer([0.0, 0.0, 0.0])]

    def forward(self, x):
        return self.scale * x + self.seen[0].data[0]


def test_buffers_have_paths_and_are_no_parameters():
    model = nn.Sequential(Counted())
    assert [path for path, _ in model.named_buffers()] == ["layers.0.seen.0"]
    assert [path for path, _ in model.named_parameters()] == ["layers.0.scale"]
    assert model.layers[0].seen[0].name == "layers.0.seen.0"
    assert repr(model[0]) == "Counted(scale (2,))  # 2 parameters"


def test_buffers_are_saved_and_loaded_with_the_parameters():
    model, other = nn.Sequential(Counted()), nn.Sequential(Counted())
    model[0].seen[0].data = [1.0, 2.0, 3.0]
    state = model.state_dict()
    assert list(state) == ["layers.0.scale", "layers.0.seen.0"]
    other.load_state_dict(state)
    np.testing.assert_array_equal(other[0].seen[0].data, [1.0, 2.0, 3.0])
    assert other[0].seen[0].data is not state["layers.0.seen.0"]


def test_a_state_without_a_buffer_or_with_one_of_another_shape_changes_nothing():
    model = Counted()
    with pytest.raises(StateError, match=r"'seen\.0' is missing"):
        model.load_state_dict({"scale": [5.0, 5.0]})
    with pytest.raises(StateError, match=r"'seen\.0' has shape \(2,\), but must have \(3,\)"):
        model.load_state_dict({"scale": [5.0, 5.0], "seen.0": [1.0, 1.0]})
    np.testing.assert_array_equal(model.scale.data, [1.0, 2.0])


def test_a_buffer_is_shared_and_copied_like_a_parameter():
    model = Counted()
    model.again = model.seen[0]
    assert list(model.state_dict()) == ["scale", "seen.0"]
    other = copy.deepcopy(model)
    assert type(other.seen[0]) is nn.Buffer and other.again is other.seen[0]
    other.again.data = np.ones(3)
    assert not model.again.data.any()


def test_only_a_buffer_may_take_the_place_of_a_buffer():
    model = nn.BatchNorm1d(2)
    before = model.running_mean
    with pytest.raises(OptionError, match=r"BatchNorm1d\.running_mean is a buffer; a ndarray in its place would not be "
                                          r"saved; assign to \.running_mean\.data, or make a new Buffer"):
        model.running_mean = np.zeros(2)
    assert model.running_mean is before


# ----- state -----

def test_a_state_comes_back_bit_for_bit():
    model, other = nn.MLP([3, 4, 2], rng=0), nn.MLP([3, 4, 2], rng=1)
    other.load_state_dict(model.state_dict())
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert p.data.tobytes() == q.data.tobytes()
        assert p.data is not q.data


def test_a_state_is_a_copy_on_the_way_out_and_on_the_way_in():
    model = Affine()
    state = model.state_dict()
    model.scale.data[0] = 5
    assert state["scale"][0] == 1
    model.load_state_dict(state)
    state["scale"][0] = 7
    assert model.scale.data[0] == 1


def test_numbers_and_lists_are_loaded_in_the_dtype_of_the_parameter():
    half = nn.Linear(2, 1, dtype=np.float16)
    half.load_state_dict({"weight": [[1, 0.1]], "bias": np.array([True])})
    assert half.weight.data.dtype == np.float16
    np.testing.assert_array_equal(half.weight.data, np.array([[1, 0.1]], np.float16))
    np.testing.assert_array_equal(half.bias.data, [1])
    model = Everything()
    model.load_state_dict(model.state_dict() | {"gain": 3})
    assert model.gain.data == 3.0 and type(model.gain.data) is float


def test_all_that_does_not_fit_is_in_one_message_and_nothing_is_changed():
    model = nn.Sequential(Affine(3), Affine(2), nn.Linear(2, 1))
    before = model.state_dict()
    state = {"layers.0.shift": np.ones(3), "layers.1.scale": np.ones(3), "layers.1.shift": np.ones(2) * 1j,
             "layers.2.weight": [[1.0], [2.0, 3.0]], "layers.2.bias": tg.Value([1.0]), "extra": np.ones(1)}
    with pytest.raises(StateError) as caught:
        model.load_state_dict(state)
    assert str(caught.value) == (
        "Sequential.load_state_dict: 'layers.0.scale' is missing; "
        "'layers.1.scale' has shape (3,), but must have (2,); "
        "'layers.1.shift' has dtype complex128, but must be real numbers; "
        "'layers.2.weight' is a list, but no array; 'layers.2.bias' is a Value, but no array; "
        "'extra' is unknown. Load the state of a module of the same form.")
    for path, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[path])


@pytest.mark.parametrize("state", [None, [1.0], "weights"], ids=repr)
def test_a_state_must_be_a_dict(state):
    with pytest.raises(StateError, match="expected a dict of arrays by path, got"):
        Affine().load_state_dict(state)


def test_a_graph_from_before_loading_is_stale():
    model = Affine()
    loss = (model.scale * model.scale).sum()
    model.load_state_dict({"scale": np.full(3, 2.0), "shift": np.zeros(3)})
    with pytest.raises(MutationError, match=r"'scale' \(3,\) was changed by Affine\.load_state_dict"):
        loss.backward()


def test_a_message_names_some_of_many_problems_and_where_the_state_is():
    model = nn.MLP([1] * 10)
    with pytest.raises(StateError, match=r"(; '[^;]* is missing){7}; and 11 more\. Load what is under 'net'\."):
        model.load_state_dict({"net": model.state_dict()})


# ----- copies -----

def test_a_deep_copy_has_parameters_of_its_own():
    model = nn.MLP([2, 3, 1], rng=0)
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    best = copy.deepcopy(model)
    x = np.ones((4, 2))
    before = best(x).numpy().copy()
    model(x).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(best(x).numpy(), before)
    assert (model(x).numpy() != before).all()
    assert [p.name for p in best.parameters()] == [p.name for p in model.parameters()]
