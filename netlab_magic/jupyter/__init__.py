"""The notebook: magics, completion, the panel, the demo, and what a kernel in a browser needs. IPython and widgets are imported only here.

Start reading: `magics`; the panel starts at `panel/widget`.
Imports: diagnosis, docker, draw, engines, errors, explain, forwarding, i18n, iptables, language, model, session, text.
"""

__all__: list[str] = []
