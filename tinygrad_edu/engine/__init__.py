"""The engine: what a primitive is, the graph that ops build, and the pass that pulls gradients back through it."""
