"""The answers to programs' queries that the engines give.

Capabilities by name (XTGETTCAP, ``DCS + q``): TERM is ``xterm-256color``; they are that entry's, and those that
programs can otherwise only guess: true colour, styled underlines, the clipboard, synchronized output. The form of the
answers is xterm's; like kitty and Ghostty, the terminal answers each name in a reply of its own, names of terminfo too,
and leaves a value with parameters as it is in a terminfo source.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

MAX_REQUEST_BYTES: Final = 4096

AGENT_STATE_REPLY: Final = b"\x1b]7501;?\x1b\\"
"""The answer to OSC 7501's query: every state and kind of the protocol is supported."""

MAX_TITLE_STACK: Final = 10
"""How many titles ``CSI 22 t`` saves; the oldest are dropped."""

MAX_REPEATED_ROWS: Final = 4
"""How many rows REP (``CSI n b``) fills at most: more is of no use, and would take an engine seconds."""

_FLAGS: Final = "am bce ccc hs km mc5i mir msgr npc xenl AX Su Tc XF XT fullkbd"
_NUMBERS: Final = "colors=256 cols=80 it=8 lines=24 pairs=32767 Co=256 RGB=8 TN=xterm-256color name=xterm-256color"
_STRINGS: Final = r"""
    acsc=++\,\,--..00``aaffgghhiijjkkllmmnnooppqqrrssttuuvvwwxxyyzz{{||}}~~ bel=^G blink=\E[5m bold=\E[1m cbt=\E[Z
    civis=\E[?25l clear=\E[H\E[2J cnorm=\E[?12l\E[?25h cr=^M flash=\E[?5h$<100/>\E[?5l ich1=\E[@ rs1=\E]\E\\\Ec
    csr=\E[%i%p1%d;%p2%dr cub=\E[%p1%dD cub1=^H cud=\E[%p1%dB cud1=^J cuf=\E[%p1%dC cuf1=\E[C cup=\E[%i%p1%d;%p2%dH
    cuu=\E[%p1%dA cuu1=\E[A cvvis=\E[?12;25h dch=\E[%p1%dP dch1=\E[P dim=\E[2m dl=\E[%p1%dM dl1=\E[M dsl=\E]2;^G
    ech=\E[%p1%dX ed=\E[J el=\E[K el1=\E[1K fsl=^G home=\E[H hpa=\E[%i%p1%dG ht=^I hts=\EH ich=\E[%p1%d@ il=\E[%p1%dL
    il1=\E[L ind=^J indn=\E[%p1%dS invis=\E[8m oc=\E]104^G op=\E[39;49m rc=\E8 rep=%p1%c\E[%p2%{1}%-%db rev=\E[7m
    ri=\EM rin=\E[%p1%dT ritm=\E[23m rmacs=\E(B rmam=\E[?7l rmcup=\E[?1049l rmir=\E[4l rmkx=\E[?1l\E> rmso=\E[27m
    rmul=\E[24m rmxx=\E[29m sc=\E7 sgr0=\E(B\E[m sitm=\E[3m smacs=\E(0 smam=\E[?7h smcup=\E[?1049h smir=\E[4h
    smkx=\E[?1h\E= smso=\E[7m smul=\E[4m smxx=\E[9m tbc=\E[3g tsl=\E]2; u6=\E[%i%d;%dR u7=\E[6n
    u8=\E[?%[;0123456789]c u9=\E[c vpa=\E[%i%p1%dd
    setab=\E[%?%p1%{8}%<%t4%p1%d%e%p1%{16}%<%t10%p1%{8}%-%d%e48;5;%p1%d%;m
    setaf=\E[%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m
    setrgbb=\E[48:2:%p1%d:%p2%d:%p3%dm setrgbf=\E[38:2:%p1%d:%p2%d:%p3%dm
    sgr=%?%p9%t\E(0%e\E(B%;\E[0%?%p6%t;1%;%?%p5%t;2%;%?%p2%t;4%;%?%p1%p3%|%t;7%;%?%p4%t;5%;%?%p7%t;8%;m
    initc=\E]4;%p1%d;rgb\:%p2%{255}%*%{1000}%/%2.2X/%p3%{255}%*%{1000}%/%2.2X/%p4%{255}%*%{1000}%/%2.2X\E\\
    Setulc=\E[58:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%d%;m Smulx=\E[4:%p1%dm Smol=\E[53m Rmol=\E[55m
    Ss=\E[%p1%d\sq Se=\E[0\sq Ms=\E]52;%p1%s;%p2%s\007 Sync=\E[?2026%?%p1%{1}%-%tl%eh%; E3=\E[3J
    BD=\E[?2004l BE=\E[?2004h PS=\E[200~ PE=\E[201~ fe=\E[?1004h fd=\E[?1004l kxIN=\E[I kxOUT=\E[O
    XM=\E[?1006;1000%?%p1%{1}%=%th%el%; xm=\E[<%i%p3%d;%p1%d;%p2%d;%?%p4%tM%em%; RV=\E[>c XR=\E[>0q
    Enmg=\E[?69h Dsmg=\E[?69l Clmg=\E[s Cmg=\E[%i%p1%d;%p2%ds
    kbs=^? kcbt=\E[Z kcub1=\EOD kcud1=\EOB kcuf1=\EOC kcuu1=\EOA kdch1=\E[3~ kend=\EOF kent=\EOM khome=\EOH kich1=\E[2~
    kind=\E[1;2B kmous=\E[< knp=\E[6~ kpp=\E[5~ kri=\E[1;2A
"""
# fmt: off
_ESCAPES: Final = {
    r"\E": "\x1b", r"\\": "\\", r"\,": ",", "^G": "\a", "^H": "\b", "^I": "\t", "^J": "\n", "^M": "\r", "^?": "\x7f",
}
# fmt: on
_BLANK: Final = r"\s"
_escape: Final = re.compile("|".join(re.escape(escape) for escape in _ESCAPES))
_is_name: Final = re.compile("(?:[0-9a-fA-F]{2})+").fullmatch


def capability_replies(names: str) -> str:
    """The replies to a request for names in hexadecimal, with semicolons between them; unknown ones have an answer."""
    return "".join(f"\x1bP{_answer(name)}\x1b\\" for name in names.split(";"))


def _answer(encoded: str) -> str:
    if not _is_name(encoded):
        return "0+r"
    value = _capabilities().get(bytes.fromhex(encoded).decode("latin-1"))
    if value is None:
        return f"0+r{encoded}"
    return f"1+r{encoded}={value.encode().hex().upper()}" if value else f"1+r{encoded}"


@cache
def _capabilities() -> dict[str, str]:
    """The values by their names; "" for a flag."""
    found = dict.fromkeys(_FLAGS.split(), "")
    for entry in (*_NUMBERS.split(), *_STRINGS.split()):
        name, _, value = entry.partition("=")
        value = value.replace(_BLANK, " ")
        found[name] = value if "%" in value else _escape.sub(lambda at: _ESCAPES[at[0]], value)
    return found
