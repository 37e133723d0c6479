"""What programs print about a host, one module for each kind of text; each reads from a `Page` and adds to what is `Held`."""

__all__: list[str] = []
