"""Static analysis of rules: which ones no packet reaches, which can never match, which program wrote a chain."""

__all__: list[str] = []
