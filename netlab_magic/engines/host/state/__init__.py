"""The state of the kernel."""

__all__: list[str] = []
