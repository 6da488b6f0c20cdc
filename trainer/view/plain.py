"""Tables as plain text, wherever they are shown."""

from io import StringIO

from rich.console import Console, RenderableType

WIDTH = 100


def plain_text(*parts: RenderableType) -> str:
    """What is printed one below the other, without the colors that kernels claim to show."""
    file = StringIO()
    console = Console(
        file=file,
        width=WIDTH,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())
