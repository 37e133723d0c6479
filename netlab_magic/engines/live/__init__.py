"""A look at the network of a machine that is there already: its namespaces under the names that people use, read and never changed."""

__all__: list[str] = []
