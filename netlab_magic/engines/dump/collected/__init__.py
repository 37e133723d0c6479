"""What the script of `collect` printed: a host with all its namespaces, each part behind the command that printed it.

Start reading: `host`; `parts` takes the text apart.
"""

__all__: list[str] = []
