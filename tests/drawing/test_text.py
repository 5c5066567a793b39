"""The picture as a tree of text."""

import numpy as np

import tinygrad_edu as tg
from tests.drawing.graphs import neuron


def test_a_neuron():
    o = neuron()
    o.backward()
    assert str(tg.draw(o)) == """\
tanh  o = 0.7071, grad +1
└─ +  v₄ = 0.8814, grad +0.5      ∂o/∂v₄ = 1 − o² = 0.5
   ├─ +  v₃ = −6, grad +0.5       ∂v₄/∂v₃ = 1
   │  ├─ ×  v₁ = −6, grad +0.5    ∂v₃/∂v₁ = 1
   │  │  ├─ w1 = −3, grad +1      ∂v₁/∂w1 = x1 = 2
   │  │  └─ x1 = 2, grad −1.5     ∂v₁/∂x1 = w1 = −3
   │  └─ ×  v₂ = 0, grad +0.5     ∂v₃/∂v₂ = 1
   │     ├─ w2 = 1, grad 0        ∂v₂/∂w2 = x2 = 0
   │     └─ x2 = 0, grad +0.5     ∂v₂/∂x2 = w2 = 1
   └─ b = 6.881, grad +0.5        ∂v₄/∂b = 1"""


def test_what_is_used_twice_is_shown_once_and_then_referred_to():
    x = tg.Value(3.0, name="x")
    y = tg.exp(x)
    assert str(tg.draw(y - y * y)) == """\
−  v₃ = −383.3, grad –
├─ exp  v₁ = 20.09, grad –    ∂v₃/∂v₁ = 1
│  └─ x = 3, grad –           ∂v₁/∂x = v₁ = 20.09
└─ ×  v₂ = 403.4, grad –      ∂v₃/∂v₂ = −1
   ├─ v₁, as above            ∂v₂/∂v₁ as a = v₁ = 20.09
   └─ v₁, as above            ∂v₂/∂v₁ as b = v₁ = 20.09"""


def test_arrays_options_constants_and_what_is_left_out():
    x = tg.Value(np.array([[1.0, 2.0], [3.0, 4.0]]), name="x")
    assert str(tg.draw(tg.sum(tg.exp(x) * 0.0, axis=0), fold=False, max_nodes=4)) == """\
Σ (axis=0)  v₃ = (2,) float64 from 0 to 0, mean 0, grad –
└─ ×  v₂ = (2, 2) float64 from 0 to 0, mean 0, grad –                  ∂v₃/∂v₂ = 1
   ├─ exp  v₁ = (2, 2) float64 from 2.72 to 54.6, mean 21.2, grad –    ∂v₂/∂v₁ = 0
   │  └─ ⋯
   └─ 0
(4 of 5 nodes, those nearest the result)"""


def test_a_single_value():
    assert str(tg.draw(tg.Value(3.0))) == "v₁ = 3, grad –"
