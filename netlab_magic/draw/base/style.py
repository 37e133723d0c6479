"""The look of every picture: colours by role (light and dark), fonts, sizes, and the style sheet that an SVG carries.

DOT contains the light colours, a different one for each role. The style sheet finds the roles by these colours and gives them their
dark values, so nothing else needs to know about themes, and a viewer without CSS shows the light picture.
"""

from typing import Final

__all__ = ["BODY", "MONO", "NAME", "PAGE_WIDTH", "RULE", "SANS", "SMALL", "Role", "style_sheet"]


class Role:
    """What a colour stands for. Each must be a different colour, since the style sheet finds them by it."""

    INK: Final = "#1b1f24"
    QUIET: Final = "#57606a"
    LINE: Final = "#7d8590"
    CARD: Final = "#ffffff"
    BOX: Final = "#f1f4f7"
    BAND: Final = "#dde4eb"
    HEAD: Final = "#2b3a4a"
    HEAD_INK: Final = "#fdfdfd"
    GOOD: Final = "#0072b2"
    GOOD_FILL: Final = "#e2f0fa"
    BAD: Final = "#d55e00"
    BAD_FILL: Final = "#fdebdf"
    PATH: Final = "#7b3294"
    PATH_FILL: Final = "#f3e8f7"
    NONE: Final = "transparent"


_THEME: Final[dict[str, tuple[str, str]]] = {
    # role: (dark value, the JupyterLab variable that wins where the page has it)
    Role.INK: ("#e8ebef", "--jp-content-font-color1"),
    Role.QUIET: ("#b1bac4", ""),
    Role.LINE: ("#8b949e", ""),
    Role.CARD: ("#14181d", "--jp-layout-color1"),
    Role.BOX: ("#22282f", ""),
    Role.BAND: ("#333c46", ""),
    Role.HEAD: ("#46566a", ""),
    Role.HEAD_INK: ("#fefefe", ""),
    Role.GOOD: ("#56b4e9", ""),
    Role.GOOD_FILL: ("#0f3048", ""),
    Role.BAD: ("#ff9a52", ""),
    Role.BAD_FILL: ("#4a2610", ""),
    Role.PATH: ("#9a54b8", ""),
    Role.PATH_FILL: ("#3a2447", ""),
}

# The first font of each list is at least as wide as the later ones: dot measures with the first that it has, and a label must
# never be wider on the reader's screen than the box that was measured for it.
SANS: Final = "DejaVu Sans,Verdana,Noto Sans CJK TC,PingFang TC,Microsoft JhengHei,sans-serif"
MONO: Final = "DejaVu Sans Mono,Menlo,Consolas,Noto Sans Mono CJK TC,Noto Sans CJK TC,PingFang TC,Microsoft JhengHei,monospace"

NAME: Final = 13
BODY: Final = 10.5
RULE: Final = 10
SMALL: Final = 9.5

PAGE_WIDTH: Final = 675
"""How wide a picture may be, in points: 900 CSS pixels, the width of a notebook cell."""


def _variable(role: str) -> str:
    return f"--nl-{role[1:]}"


def _values(dark: bool) -> str:
    return ";".join(f"{_variable(role)}:{_THEME[role][0] if dark else role}" for role in _THEME)


def style_sheet(svg_id: str) -> str:
    """CSS for the SVG element `svg_id` alone.

    As an `<img>` or on its own the SVG is `:root` and follows `prefers-color-scheme`. Inline it must follow the page, not the
    system: JupyterLab and nbconvert say so in `data-jp-theme-light`, VS Code in a class.
    """
    svg = f"svg#{svg_id}"
    rules = [
        f"{svg}{{max-width:100%;height:auto;background:transparent;{_values(False)}}}",
        f"{svg} text{{white-space:pre}}",
        f"@media (prefers-color-scheme:dark){{{svg}:root{{{_values(True)}}}}}",
        f'[data-jp-theme-light="false"] {svg},.vscode-dark {svg}{{{_values(True)}}}',
    ]
    for role, (_, jupyter) in _THEME.items():
        value = f"var({jupyter},var({_variable(role)}))" if jupyter else f"var({_variable(role)})"
        rules.append(f'{svg} [fill="{role}"]{{fill:{value}}}{svg} [stroke="{role}"]{{stroke:{value}}}')
    return "\n".join(rules)
