"""Modules that README and CHANGELOG once named, under those names: `netlab_magic.savefile`, `difference`, `listing` and `walk`.

`netlab_magic` adds this folder to where it looks for its modules. What they offer lives elsewhere now; new programs import it from
`netlab_magic` itself. (The fifth, `netlab_magic.explain`, is still a folder of that name.)
"""

__all__: list[str] = []
