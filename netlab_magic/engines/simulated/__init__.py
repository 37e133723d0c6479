"""A lab without a kernel, as values: its state, the effect of each change, and what happens to packets and commands in it."""

__all__: list[str] = []
