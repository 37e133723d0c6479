"""A lab without a kernel, as values: what there is, what each change makes of it, and what becomes of packets and commands in it."""

__all__: list[str] = []
