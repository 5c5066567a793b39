"""How fast a training step is, side by side with the step derived by hand and with other libraries."""
