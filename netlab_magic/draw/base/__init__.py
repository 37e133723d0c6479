"""What every picture needs."""

__all__: list[str] = []
