"""The grammar: a module for each group of statements, with their readers and one row for each of them."""

__all__: list[str] = []
