"""The lab host process: PID 1 of its own namespaces, which contain the lab's network and disappear with it."""

__all__: list[str] = []
