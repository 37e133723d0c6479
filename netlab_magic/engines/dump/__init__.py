"""An engine over what was read from another host."""

__all__: list[str] = []
