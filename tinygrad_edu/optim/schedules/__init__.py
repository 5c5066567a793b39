"""Schedules: the learning rate as a function of the step, to be assigned to an optimizer before each.

    schedule = schedules.Warmup(0.1, steps=100).then(schedules.Cosine(0.1, steps=900))
    for step in range(1000):
        ...
        optimizer.lr = schedule(step)
        optimizer.step()

They know no optimizer, and any function of the step will do in their place; what these have besides is `then`. The
step counts from 0 and may be a fraction. A parameter group with a learning rate of its own follows in proportion: with
`SGD([{"params": body, "lr": 0.01}, {"params": head}], lr=0.1)`, the body's is always a tenth of what the schedule says.
`plots.learning_rate_curve` draws them.
"""

from tinygrad_edu.optim.schedules.curves import Cosine, CosineRestarts, Exponential, OneCycle, StepDecay, Warmup
from tinygrad_edu.optim.schedules.plateau import ReduceOnPlateau
from tinygrad_edu.optim.schedules.schedule import Chain, Schedule

__all__ = ["StepDecay", "Exponential", "Warmup", "Cosine", "CosineRestarts", "OneCycle", "ReduceOnPlateau", "Schedule",
           "Chain"]
