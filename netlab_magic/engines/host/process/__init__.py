"""The lab host as a process: its namespaces, its channel to the notebook, and its restrictions."""

__all__: list[str] = []
