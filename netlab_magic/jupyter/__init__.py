"""The notebook: magics, completion, panel, demo, and what a kernel in a browser needs. Only this folder imports IPython and widgets.

Start reading: `magics`; the panel starts at `panel/widget`.
Imports: diagnosis, docker, draw, engines, errors, explain, forwarding, i18n, iptables, language, model, nftables, session, teaching, text.
"""

__all__: list[str] = []
