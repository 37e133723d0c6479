"""The lab host as a process: its namespaces, its channel to the notebook, and what it may not do."""

__all__: list[str] = []
