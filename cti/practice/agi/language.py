"""What Asterisk writes on an AGI line and how it reads a command. Pure."""

from __future__ import annotations

from cti.practice.channels import Channel

RATE = 8000
"""Samples a second: `endpos` counts them."""
VERSION = "22.10.1-practice"
INVALID = "510 Invalid or unknown command"
DEAD = "511 Command Not Permitted on a dead channel or intercept routine"
HANGUP = "HANGUP"


def header(channel: Channel, address: str, script: str) -> str:
    """The opening lines, in Asterisk's order, to their empty one."""
    known = {
        "network": "yes",
        "network_script": script,
        "request": f"agi://{address}/{script}",
        "channel": channel.name,
        "language": "en",
        "type": channel.name.partition("/")[0],
        "uniqueid": channel.uniqueid,
        "version": VERSION,
        "callerid": channel.caller_num or "unknown",
        "calleridname": channel.caller_name or "unknown",
        **dict.fromkeys(("callingpres", "callingani2", "callington", "callingtns"), "0"),
        "dnid": channel.dnid or "unknown",
        "rdnis": "unknown",
        "context": channel.context,
        "extension": channel.exten,
        "priority": str(channel.priority),
        "enhanced": "0.0",
        "accountcode": "",
        "threadid": "1",
    }
    return "".join(f"agi_{name}: {value}\n" for name, value in known.items()) + "\n"


def words(line: str) -> list[str]:
    """A command's words: blanks part them, quotes hold them together, a backslash takes the next character as it is."""
    found: list[str] = []
    open_, quoted, escaped = False, False, False
    for char in line:
        if escaped:
            found[-1] += char
            escaped = False
            continue
        if char.isspace() and not quoted:
            open_ = False
            continue
        if not open_:
            found.append("")
            open_ = True
        if char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        else:
            found[-1] += char
    return found


def usage(summary: str) -> str:
    """The answer to a command with the wrong arguments, of several lines."""
    return f"520-Invalid command syntax.  Proper usage follows:\n{summary}\n520 End of proper usage."


def result(value: int | str, data: str = "", endpos: int | None = None) -> str:
    """The answer to a command that was carried out."""
    told = f" ({data})" if data else ""
    return f"200 result={value}{told}" + ("" if endpos is None else f" endpos={endpos}")
