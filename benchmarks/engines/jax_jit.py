"""JAX: forward pass, gradient and update compiled by `jax.jit` into one program, its buffers donated."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.updates import BETA1, BETA2, EPSILON
from benchmarks.workloads import Workload, make_problem

# the parameters, Adam's running means of the gradients and of their squares, the number of the step
State = tuple[list[jax.Array], list[jax.Array], list[jax.Array], Any]

jax.config.update("jax_enable_x64", True)  # without it float64 quietly becomes float32

ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu, "identity": lambda z: z}


def make_step(workload: Workload) -> Callable[[], float]:
    problem = make_problem(workload)
    x, target = jnp.asarray(problem.x), jnp.asarray(problem.target)
    parameters = [jnp.array(p) for p in problem.parameters]
    means, squares = ([jnp.zeros_like(p) for p in parameters] for _ in range(2))
    state: State = parameters, means, squares, 0

    def step() -> float:
        nonlocal state
        loss, state = train_step(workload, state, x, target)
        return float(loss)  # waits for the result: what is timed is the work, not its dispatch

    return step


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def train_step(workload: Workload, state: State, x: jax.Array, target: jax.Array) -> tuple[jax.Array, State]:
    loss, gradients = jax.value_and_grad(partial(loss_of, workload))(state[0], x, target)
    return loss, UPDATES[workload.optimizer](state, gradients, workload.learning_rate)


def loss_of(workload: Workload, parameters: list[jax.Array], x: jax.Array, target: jax.Array) -> jax.Array:
    h = x
    for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        h = ACTIVATIONS[workload.activation](h @ W.T + b)
    W, b = parameters[-2:]
    h = h @ W.T + b
    if workload.loss == "cross_entropy":
        return -jnp.mean(jax.nn.log_softmax(h)[jnp.arange(len(h)), target])
    if workload.loss == "mse":
        return jnp.mean((h - target) ** 2)
    return jnp.sum((h - target) ** 2) / (2 * len(h))


def gradient_descent(state: State, gradients: list[jax.Array], learning_rate: float) -> State:
    parameters, *rest = state
    return [theta - learning_rate * g for theta, g in zip(parameters, gradients, strict=True)], *rest


def adam(state: State, gradients: list[jax.Array], learning_rate: float) -> State:
    parameters, means, squares, t = state
    t = t + 1
    means = [BETA1 * m + (1 - BETA1) * g for m, g in zip(means, gradients, strict=True)]
    squares = [BETA2 * v + (1 - BETA2) * g**2 for v, g in zip(squares, gradients, strict=True)]
    rate, correction = learning_rate / (1 - BETA1**t), 1 - BETA2**t

    def updated(theta: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        return theta - (rate * m / (jnp.sqrt(v / correction) + EPSILON)).astype(theta.dtype)

    return [updated(*row) for row in zip(parameters, means, squares, strict=True)], means, squares, t


UPDATES = {"adam": adam, "gradient descent": gradient_descent}
