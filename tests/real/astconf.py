"""The configuration of the test Asterisk: the samples of config/asterisk plus ports, phones and paths.

Pure: text in, text out. The samples are included as they are, with the secrets filled in, so that every test
proves them; what a test changes is appended to their sections with Asterisk's `(+)`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2] / "config" / "asterisk"
SECRET = "rig-secret"
AGENTS = ("1001", "1002", "1003", "1004", "1005")
SAMPLED = ("manager", "queues", "extensions", "pjsip", "features", "res_parking", "confbridge")
PARKED_SECONDS = 4
RUN = "/srv"  # where the run directory appears inside Asterisk's tree


@dataclass(frozen=True)
class QueueSetup:
    """What a test sets on a queue; times in seconds.

    Members are static: an extension stands for PJSIP/<extension>, an interface (`Local/1001@agents/n`) for itself.
    """

    members: tuple[str, ...] = ("1001", "1002")
    strategy: str = "ringall"
    timeout: int = 15
    retry: int = 1
    wrapuptime: int = 0
    maxlen: int = 0

    def text(self, name: str) -> str:
        """The queue's lines for queues.conf."""
        settings = f"timeout={self.timeout}\nretry={self.retry}\n"
        members = "".join(map(_member, self.members))
        limits = f"wrapuptime={self.wrapuptime}\nmaxlen={self.maxlen}\n"
        return f"[{name}](+)\n{settings}{limits}{members}"


def _member(name: str) -> str:
    """Of a Local member's digits is made the phone whose state it has, as FreePBX does."""
    interface = name if "/" in name else f"PJSIP/{name}"
    extension = interface.partition("/")[2].partition("@")[0]
    return f"member => {interface},0,Agent {extension},PJSIP/{extension}\n"


@dataclass(frozen=True)
class Ports:
    """Loopback ports: AMI and our FastAGI over TCP; Asterisk's SIP, each phone's SIP and the outside's SIP over UDP.

    `seconds` are the second phones of some extensions, as of an agent with a desk phone and the browser.
    """

    ami: int
    agi: int
    sip: int
    outside: int
    phones: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, int] = field(default_factory=dict)


def config_files(
    ports: Ports, queues: Mapping[str, QueueSetup], astmoddir: str, version: int = 22
) -> dict[str, str]:
    """File name to text of the whole /etc/asterisk of one test Asterisk."""
    # The carrier's address is replaced and not appended: an AOR keeps every contact it is given.
    edits = {"CHANGE-ME": SECRET, "sip:127.0.0.2:5060": f"sip:127.0.0.2:{ports.outside}"}
    edits["agi://127.0.0.1:4573"] = f"agi://127.0.0.1:{ports.agi}"
    edits["parkingtime = 60"] = f"parkingtime = {PARKED_SECONDS}"
    samples = {
        f"sample/{name}.conf": _edited((SAMPLES / f"{name}.conf").read_text(), edits) for name in SAMPLED
    }
    for name, setup in queues.items():
        # In place: of two strategies Asterisk takes the first, of everything else in a queue the last.
        samples["sample/queues.conf"] = re.sub(
            rf"(?m)(^\[{name}\].*\n)strategy = \w+",
            rf"\1strategy = {setup.strategy}",
            samples["sample/queues.conf"],
        )
    return samples | {
        "asterisk.conf": _asterisk(astmoddir),
        "modules.conf": "[modules]\nautoload=no\n"
        + "".join(f"load={name}.so\n" for name in MODULES if name not in ABSENT[version]),
        "manager.conf": _include("manager") + _manager(ports),
        "queues.conf": _include("queues") + "".join(setup.text(name) for name, setup in queues.items()),
        "extensions.conf": _include("extensions") + DIALPLAN,
        "pjsip.conf": _include("pjsip") + _pjsip(ports),
        "features.conf": _include("features") + "[general](+)\ntransferdialattempts=1\n",
        **{f"{name}.conf": _include(name) for name in ("res_parking", "confbridge")},
        **FIXED,
    }


def _edited(text: str, edits: Mapping[str, str]) -> str:
    for old, new in edits.items():
        text = text.replace(old, new)
    return text


def _include(name: str) -> str:
    return f"#include {RUN}/etc/sample/{name}.conf\n\n"


def _asterisk(astmoddir: str) -> str:
    own = {
        "astetcdir": "etc",
        "astvarlibdir": "lib",
        "astdbdir": "db",
        "astkeydir": "lib",
        "astcachedir": "cache",
    }
    own |= {"astspooldir": "spool", "astrundir": "run", "astlogdir": "log"}
    directories = "".join(f"{key} => {RUN}/{folder}\n" for key, folder in own.items())
    fixed = f"astmoddir => {astmoddir}\nastdatadir => /usr/share/asterisk\nastagidir => {RUN}/lib/agi\n"
    return f"[directories]\n{directories}{fixed}[options]\nverbose=3\nhideconnect=yes\n"


def _manager(ports: Ports) -> str:
    return f"[general](+)\nport={ports.ami}\n\n[tester]\nsecret={SECRET}\nread=all\nwrite=all\nwritetimeout=60000\n"


def _pjsip(ports: Ports) -> str:
    phones = "".join(
        f"[{extension}](+type=aor)\ncontact=sip:{extension}@127.0.0.1:{port}\n"
        for phones in (ports.phones, ports.seconds)
        for extension, port in phones.items()
    )
    return f"[transport-udp](+)\nbind=127.0.0.1:{ports.sip}\n{phones}"


# Ways in that the samples have not: short times in a queue, several phones dialled at once, the survey without a call
# before it, and a flow of a test's own.
DIALPLAN = """
[from-trunk](+)
exten => 4011,1,Gosub(ringdesk-enter,s,1)
 same => n,Answer()
 same => n,Queue(service,t,,,2)
 same => n,Queue(emergency,t,,,300)
 same => n,Hangup()
exten => 4012,1,Gosub(ringdesk-enter,s,1)
 same => n,Answer()
 same => n,Queue(service,t,,,2)
 same => n,Hangup()
exten => 4013,1,Gosub(ringdesk-enter,s,1)
 same => n,Dial(PJSIP/1001&PJSIP/1002,20,t)
 same => n,Hangup()
exten => 4014,1,Gosub(ringdesk-enter,s,1)
 same => n,Dial(PJSIP/1001,2,t)
 same => n,Dial(PJSIP/1002,20,t)
 same => n,Hangup()
exten => 4015,1,Gosub(ringdesk-enter,s,1)
 same => n,Answer(500)
 same => n,Goto(ringdesk-ivr,survey,1)
exten => 4016,1,Gosub(ringdesk-enter,s,1)
 same => n,Answer(500)
 same => n,Goto(ringdesk-ivr,own,1)
"""

CEL_COLUMNS: Mapping[str, str] = {
    "event": "eventtype",
    "time": "eventtime",
    "linkedid": "CHANNEL(linkedid)",
    "uniqueid": "CHANNEL(uniqueid)",
    "channel": "CHANNEL(channame)",
    "number": "CALLERID(num)",
    "exten": "CHANNEL(exten)",
    "context": "CHANNEL(context)",
    "application": "CHANNEL(appname)",
    "data": "CHANNEL(appdata)",
    "peer": "BRIDGEPEER",
    "extra": "eventextra",
}
CEL_LINE = ",".join(f"${{CSV_QUOTE(${{{source}}})}}" for source in CEL_COLUMNS.values())

FIXED: Mapping[str, str] = {
    # full: what a failed test is explained with; queue_log and cel: Asterisk's own account to compare ours with
    "logger.conf": "[general]\nqueue_log=yes\nuse_callids=yes\n[logfiles]\nfull => notice,warning,error,verbose\n",
    "cel.conf": "[general]\nenable=yes\napps=dial,queue\nevents=ALL\n",
    "cel_custom.conf": f"[mappings]\ncel.csv => {CEL_LINE}\n",
    "cdr.conf": "[general]\nenable=no\n",
    "rtp.conf": "[general]\nrtpstart=20000\nrtpend=24000\nstrictrtp=no\n",
    "indications.conf": "[general]\ncountry=cn\n[cn]\ndescription=China\nringcadence=1000,4000\ndial=450\n"
    "busy=450/350,0/350\nring=450/1000,0/4000\ncongestion=450/700,0/700\ncallwaiting=450/400,0/4000\n"
    "dialrecall=450\nrecord=950/400,0/10000\ninfo=450/100,0/100\nstutter=450+425\n",
    "musiconhold.conf": f"[default]\nmode=files\ndirectory={RUN}/moh\n",
    "hosts": "127.0.0.1 localhost ringdesk-rig\n",
    "resolv.conf": "",
    "udptl.conf": "[general]\n",
    "cli_aliases.conf": "[general]\n",
    "acl.conf": "",
    "ccss.conf": "[general]\n",
    "pjproject.conf": "[startup]\nlog_level=0\n",
    "queuerules.conf": "[general]\n",
}

# Only what the tests need: the start takes about a second instead of six.
MODULES = (
    # SIP
    *("res_pjproject", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_timing_timerfd"),
    *("res_pjsip", "res_pjsip_session", "res_pjsip_sdp_rtp", "res_pjsip_caller_id", "res_pjsip_nat"),
    *("res_pjsip_endpoint_identifier_user", "res_pjsip_endpoint_identifier_ip", "res_pjsip_registrar"),
    *("res_pjsip_authenticator_digest", "res_pjsip_outbound_authenticator_digest", "res_pjsip_dtmf_info"),
    *("res_pjsip_refer", "res_pjsip_rfc3326", "res_pjsip_diversion", "res_pjsip_header_funcs"),
    *("res_pjsip_pubsub", "res_pjsip_logger", "chan_pjsip", "res_rtp_asterisk", "res_crypto", "res_srtp"),
    *("res_http_websocket", "res_pjsip_transport_websocket"),
    # sound
    *("codec_ulaw", "codec_alaw", "codec_a_mu", "codec_gsm", "codec_resample", "format_pcm", "format_gsm"),
    *("format_wav", "res_musiconhold", "res_format_attr_opus"),
    # bridges
    *("bridge_simple", "bridge_holding", "bridge_softmix", "bridge_builtin_features"),
    *("bridge_builtin_interval_features", "app_bridgewait", "app_confbridge", "res_parking"),
    # dialplan
    *("pbx_config", "app_dial", "app_queue", "app_read", "app_playback", "app_stack", "app_exec", "app_echo"),
    *(
        "app_userevent",
        "app_verbose",
        "app_directed_pickup",
        "app_softhangup",
        "app_originate",
        "app_transfer",
    ),
    *("app_mixmonitor", "app_chanspy", "app_while", "res_speech", "res_agi", "res_clioriginate"),
    *(
        "func_callerid",
        "func_channel",
        "func_logic",
        "func_strings",
        "func_global",
        "func_timeout",
        "func_env",
    ),
    *("func_hangupcause", "func_devstate", "func_db", "func_math", "func_uuid", "func_sprintf"),
    # what it tells about itself
    *("res_manager_devicestate", "res_cdrel_custom", "cel_custom"),
)

# What Debian's package of an older Asterisk does not have; its cel_custom writes CEL by itself.
ABSENT: Mapping[int, frozenset[str]] = {
    16: frozenset(("func_uuid", "res_cdrel_custom")),
    22: frozenset(),
}
