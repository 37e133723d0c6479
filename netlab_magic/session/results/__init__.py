"""What statements return: values with a text form and an HTML form."""

__all__: list[str] = []
