"""Shared by all pictures: markup, styles, badges, lanes for arrows, and the rendering with Graphviz."""

__all__: list[str] = []
