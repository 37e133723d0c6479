"""The kernel's own report of one packet: which hooks and rules it met, joined hop by hop."""

__all__: list[str] = []
