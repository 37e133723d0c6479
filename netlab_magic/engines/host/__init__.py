"""The lab host process: PID 1 of namespaces of its own, in which a lab's network lives and with which it disappears."""

__all__: list[str] = []
