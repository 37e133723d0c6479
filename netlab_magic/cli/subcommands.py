"""The table of subcommands: what each takes, and where it is carried out. One more is one row."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from netlab_magic.engines import ENGINES
from netlab_magic.i18n import LANGUAGES, message

__all__ = ["EVERYWHERE", "SUBCOMMANDS", "Argument", "Subcommand"]


class Argument(NamedTuple):
    """An argument: its `names`, its help (a message), and what argparse is told besides.

    `completes` says what its word is, for completion: "file", "picture", or "" for what argparse knows itself.
    """

    names: tuple[str, ...]
    summary: str
    settings: Mapping[str, Any] = {}
    completes: str = ""


class Subcommand(NamedTuple):
    """A row. `home` is MODULE:FUNCTION in this folder, imported only if the subcommand is used.

    The function is given the parsed options, and returns an Answer. `example` is one command line.
    """

    name: str
    summary: str
    arguments: tuple[Argument, ...]
    home: str
    example: str


_JSON = Argument(("--json",), message("print JSON, for programs"), {"action": "store_true"})
_LANG = Argument(("--lang",), message("the language of sentences; by default that of LC_ALL, LC_MESSAGES or LANG"), {"choices": LANGUAGES})
_HELP = Argument(("-h", "--help"), message("show this help and exit"), {"action": "help"})
EVERYWHERE = (_LANG, _HELP)
"""What every subcommand takes."""

_FILE = Argument(
    ("-f", "--file"),
    message("a dump of the host: what collect wrote, or iptables-save, nft list ruleset, ip … print; may be repeated; - is standard input"),
    {"action": "append", "metavar": "FILE", "default": []},
    "file",
)
_ATTACH = Argument(
    ("--attach",),
    message("instead of a dump: this machine (host), or the network of a PID or a container; needs root, changes nothing"),
    {"metavar": "host|PID|NAME"},
)
_PICTURE = Argument(("--picture",), message("also draw a picture, as .svg or .png"), {"metavar": "FILE"}, "picture")
_SIX = Argument(("-6",), message("over IPv6, or about the rules of ip6tables"), {"action": "store_true", "dest": "six"})
_TABLE = Argument(("-t", "--table"), message("the table: filter, nat, …, or one of nft such as inet:fw"), {"metavar": "TABLE"})
_SOURCE = Argument(("source",), message("an address, host, internet, or a namespace of the host"), {"metavar": "SRC"})
_DESTINATION = Argument(
    ("destination",), message("the same, with a port if it is not pinged: 10.0.0.2:80, 10.0.0.2:53/udp"), {"metavar": "DST[:PORT]"}
)
_ANY_NUMBER = {"nargs": "*", "default": []}
_FROM = Argument(("through",), message("in DEV: the device by which packets from SRC come in"), {**_ANY_NUMBER, "metavar": "in DEV"})
_SHOWN = ("topology", "chains", "way", "rules", "save", "nft", "routes", "script")

SUBCOMMANDS = (
    Subcommand(
        "why",
        message("what happens to a packet, where and why, and what would change it"),
        (_SOURCE, _DESTINATION, _FROM, _SIX, _FILE, _ATTACH, _PICTURE, _JSON),
        "questions:why",
        "netlab-magic why 10.0.0.5 172.17.0.2:80 --file netlab.txt",
    ),
    Subcommand(
        "matrix",
        message("who can reach whom, according to the rules"),
        (
            Argument(
                ("names",), message("addresses or names; by default one machine for each network"), {**_ANY_NUMBER, "metavar": "NAME"}
            ),
            _SIX,
            _FILE,
            _ATTACH,
            _JSON,
        ),
        "questions:matrix",
        "netlab-magic matrix --file netlab.txt",
    ),
    Subcommand(
        "explain",
        message("a chain or one of its rules, or with --table alone a table, in words"),
        (
            Argument(("chain",), message("the chain"), {"nargs": "?", "metavar": "CHAIN"}),
            Argument(("number",), message("the number of a rule, from 1"), {"nargs": "?", "metavar": "N"}),
            _TABLE,
            _SIX,
            _FILE,
            _ATTACH,
            _JSON,
        ),
        "questions:explain",
        "netlab-magic explain FORWARD 4 --file rules.txt",
    ),
    Subcommand(
        "show",
        message("the topology, chains, rules or routes of the host"),
        (
            Argument(("what",), message("what to show"), {"choices": _SHOWN}),
            Argument(("name",), message("the chain, or for nft the table"), {**_ANY_NUMBER, "metavar": "NAME"}),
            _TABLE,
            _SIX,
            _FILE,
            _ATTACH,
            _PICTURE,
            _JSON,
        ),
        "questions:show",
        "netlab-magic show topology --file netlab.txt --picture host.svg",
    ),
    Subcommand(
        "diff",
        message("how two dumps differ, rule by rule"),
        (
            Argument(("before",), message("the first dump"), {"metavar": "A"}, "file"),
            Argument(("after",), message("the second dump"), {"metavar": "B"}, "file"),
            _JSON,
        ),
        "questions:diff",
        "netlab-magic diff before.txt after.txt",
    ),
    Subcommand(
        "test",
        message("check a firewall against a file of expectations, as in continuous integration"),
        (
            Argument(
                ("rules",), message("the dump of the host; with --attach, one more file of expectations"), {"metavar": "RULES"}, "file"
            ),
            Argument(
                ("expectations",),
                message("lines of SRC DST[:PORT][/udp] [in DEV] [-6] ok|blocked; # begins a comment"),
                {**_ANY_NUMBER, "metavar": "EXPECTATIONS"},
                "file",
            ),
            _FILE,
            _ATTACH,
            Argument(("--tap",), message("print TAP, the Test Anything Protocol"), {"action": "store_true"}),
            Argument(("--junit",), message("also write a JUnit report"), {"metavar": "FILE"}, "file"),
            _JSON,
        ),
        "testing:test",
        "netlab-magic test rules.txt expectations.txt --junit report.xml",
    ),
    Subcommand(
        "grade",
        message("what the notebooks of a class are worth: each is replayed in a lab of its own, and judged by how the lab behaves"),
        (
            Argument(("submissions",), message("the notebooks"), {"nargs": "+", "metavar": "NOTEBOOK"}, "file"),
            Argument(("--task",), message("the scenario: its name, or a file of your own"), {"metavar": "NAME", "required": True}, "file"),
            Argument(("--seed",), message("the seed of everybody's lab; by default 0"), {"type": int, "default": 0, "metavar": "N"}),
            Argument(("--seeds",), message("a file with a line STUDENT,SEED for each student"), {"metavar": "FILE"}, "file"),
            Argument(("--out",), message("write the marks into a file, as CSV; by default they are printed"), {"metavar": "FILE"}, "file"),
            Argument(("--report",), message("write a page for each student into a folder"), {"metavar": "FOLDER"}, "file"),
            Argument(("--jobs",), message("how many at once; by default one a processor"), {"type": int, "default": 0, "metavar": "N"}),
            Argument(("--seconds",), message("the time for each answer; by default 20"), {"type": float, "default": 20, "metavar": "N"}),
            Argument(("--engine",), message("what runs the answers"), {"choices": ENGINES, "default": "auto"}),
            _JSON,
        ),
        "grading:grade_all",
        "netlab-magic grade submitted/*.ipynb --task one-way --seeds seeds.csv --out grades.csv --report pages",
    ),
    Subcommand(
        "collect",
        message("the shell script that reads the whole network of a host, as root, into one file"),
        (Argument(("--paste",), message("as a text to paste into a terminal, which is also printed on one"), {"action": "store_true"}),),
        "machine:collect",
        "netlab-magic collect | ssh root@HOST sh > netlab.txt",
    ),
    Subcommand(
        "anonymise",
        message("replace the addresses and names in a dump, so that only the owner of the key can go back"),
        (
            Argument(("file",), message("the dump; by default standard input"), {"metavar": "FILE", "nargs": "?", "default": "-"}, "file"),
            Argument(
                ("--key",),
                message("the key's file, made if it is not there; keep it to yourself"),
                {"metavar": "KEY", "required": True},
                "file",
            ),
            Argument(("--reverse",), message("put the originals back, also into an answer about the dump"), {"action": "store_true"}),
        ),
        "machine:anonymise",
        "netlab-magic anonymise netlab.txt --key netlab.key > public.txt",
    ),
    Subcommand(
        "doctor",
        message("what this machine allows, and what would open what it refuses"),
        (_JSON,),
        "machine:doctor",
        "netlab-magic doctor",
    ),
    Subcommand(
        "completion",
        message("the shell code that completes netlab-magic's words"),
        (Argument(("shell",), message("the shell"), {"choices": ("bash", "zsh", "fish")}),),
        "machine:completion",
        'eval "$(netlab-magic completion bash)"',
    ),
)
"""The subcommands, in the order of the help."""
