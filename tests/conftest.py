"""What holds for all tests: each plugin says what of it is its own."""

pytest_plugins = (
    "support.selection",
    "support.laws",
    "support.requirements",
    "support.guard",
    "support.labs",
    "support.shell",
)
