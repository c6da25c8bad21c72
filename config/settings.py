"""Typed settings: `ringdesk.toml`, then the environment, then options. Everything wrong is told at once."""

from __future__ import annotations

import hashlib

import msgspec


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where pages, API and live socket are served.

    `public_url` is what browsers use, where a proxy stands before us.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    secure_cookies: bool | None = None
    """None: cookies are marked Secure exactly when `public_url` is https."""


class DatabaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: str = "sqlite:///ringdesk.db"


class PbxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One Asterisk. Durations are seconds."""

    name: str
    host: str = "127.0.0.1"
    port: int = 5038
    username: str = "ringdesk"
    secret: str = ""
    secret_file: str = ""
    region: str = "CN"
    trunks: tuple[str, ...] = ()
    """Endpoints that lead outside, such as PJSIP/trunk. Empty: whoever is no agent and no extension is outside."""
    dial_context: str = "ringdesk-dial"
    """Dialplan context in which a call from an agent's own phone goes on (click-to-dial, transfer)."""
    flow_context: str = "ringdesk-ivr"
    """Dialplan context that sends callers into flows, which `ringdesk doctor` looks for; empty: no flows there."""
    outside_prefix: str = ""
    """Digits that the dialplan wants in front of an outside number, such as 9. Put in front when an agent dials by
    mouse, and taken off the dialled number of outbound calls, so that it can be matched with a customer."""
    queue_extensions: dict[str, str] = {}
    """By queue, the number in `dial_context` that leads into it: an agent can transfer to these queues by name."""
    wrapup: dict[str, float] = {}
    """By queue, wrapuptime of queues.conf: AMI tells only one that is set for a single member."""
    ping_seconds: float = 10.0
    action_seconds: float = 10.0
    test_extension: str = ""
    test_context: str = ""
    """Where `ringdesk doctor --call` sends its call: what leads into a queue, and the dialplan context of it."""
    watchdog_seconds: float = 60.0
    """How often what is believed is compared with what the PBX lists; 0: never."""


class SpeechSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the prompts of flows become sound. `languages` of the other settings are those of flows: en, zh_CN."""

    command: tuple[str, ...] = ("espeak-ng", "-v", "{voice}", "-s", "150", "-w", "{file}", "--stdin")
    """Writes a wav file: {file}, {text}, {language} and {voice} are filled in. No shell is between; where {text} is
    not named the text comes on standard input."""
    voices: dict[str, str] = msgspec.field(
        default_factory=lambda: {"en": "en-gb", "zh_CN": "cmn-latn-pinyin"}
    )
    """By language. espeak-ng reads characters as pinyin with tones only by cmn-latn-pinyin; its cmn of 1.51 reads
    pinyin as English."""
    folder: str = ""
    """Where sounds are kept; empty: `sounds` in the working directory."""
    pbx_folder: str = ""
    """The same folder as the PBX sees it; empty: by the same path."""
    recorded: str = ""
    """Folder of recordings that replace prompts by their names."""
    seconds: float = 3.0
    """How long a caller waits for a text that is spoken for the first time."""


class PinSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a PIN may be tried. Each count rests `lock_seconds` after its last try and begins anew."""

    account_tries: int = 5
    call_tries: int = 3
    source_tries: int = 20
    """From one number; callers without a number share ten times as many."""
    lock_seconds: float = 1800.0
    answer_seconds: float = 1.0
    """Every answer takes so long: the time tells nothing, and guessing is slow."""
    alarm_accounts: int = 20
    """Accounts with wrong PINs within `lock_seconds` of which supervisors are told; 0: they are not."""
    alarm_locked: int = 5
    """The same of locked ones."""


class IvrSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the dialplan's AGI() comes in, and from whom."""

    host: str = "127.0.0.1"
    port: int = 4573
    token: str = ""
    """What the address has to carry: agi://host:4573/FLOW?token=…; empty: nothing."""
    allow: tuple[str, ...] = ()
    """Addresses and networks besides those of the PBXs."""
    sessions: int = 2500
    """Callers in flows at once; who comes beyond that goes on to the queue."""
    speech: SpeechSettings = SpeechSettings()
    pin: PinSettings = PinSettings()


class DialSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be dialled. `allow` and `deny` are beginnings of numbers in E.164."""

    allow: tuple[str, ...] = ()
    """What the server may dial by itself; empty: everything that the other rules leave."""
    deny: tuple[str, ...] = ()
    """What nobody may dial."""
    international: bool = False
    premium: bool = False
    agents_international: bool = True
    agents_premium: bool = False
    per_hour: int = 300
    """Calls that the server starts by itself, on all PBXs together."""
    per_day: int = 2000
    per_number: int = 6
    """To one number in a day."""


PRIORITIES = (0, 100)
"""The lowest and the highest with which a caller is put into a queue."""


class CallbackSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callers who are called back instead of waiting."""

    enabled: bool = True
    queues: tuple[str, ...] = ()
    """Queues that take call-backs; empty: all."""
    tries: int = 3
    """How often a caller is dialled before it is given up."""
    gap_minutes: tuple[float, ...] = (10.0, 60.0)
    """Pause after the first try without an answer, after the second …; the last one goes on."""
    first_hour: str = "08:00"
    last_hour: str = "21:00"
    """Nobody is dialled earlier or later in the day than this, in the desk's time zone."""
    keep_hours: float = 48.0
    """After so long it is given up."""
    priorities: dict[str, int] = msgspec.field(default_factory=lambda: {"vip": 10, "A": 10, "B": 5})
    """By `vip` and grade: a customer's priority where a request names none. Others have 0."""


class SurveySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Callers who are rung up and asked how satisfied they were."""

    after_ticket: bool = False
    """Ring the customer once the ticket's workflow lets them rate it. Needs `trunks` of the PBX."""
    delay_minutes: float = 30.0
    flow: str = "ticket_survey"
    context: str = "ringdesk-ivr"
    """The dialplan's context whose extensions are flows."""
    at_once: int = 3
    """How many are rung at the same time."""


class PathSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    workflows: str = ""
    calendars: str = ""
    flows: str = ""


class DeskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the agents' pages offer."""

    company: str = "Ringdesk"
    time_zone: str = "Asia/Shanghai"
    language: str = "en"
    pause_reasons: tuple[str, ...] = ("break", "lunch", "training", "meeting", "paperwork")
    pop_deadline_seconds: float = 1.5
    """How long a pop waits for the customer's record before it is shown without one."""


class WebhookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another system that is told of what happens to tickets."""

    url: str
    secret: str
    """Signs what is sent; at least 16 characters."""
    events: tuple[str, ...] = ()
    """Patterns of `workflow.event`, such as complaint.*; empty: all."""
    name: str = ""
    """Under which deliveries are kept; a digest of the address where empty."""

    @property
    def key(self) -> str:
        """The name, or what stands for it."""
        return self.name or hashlib.sha256(self.url.encode()).hexdigest()[:12]


class SecuritySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    session_hours: float = 12.0
    idle_hours: float = 10.0
    sign_in_tries: int = 5
    sign_in_window_seconds: int = 300


class JournalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each PBX said and what became of it, kept for a while for `ringdesk trace` and `ringdesk replay`."""

    enabled: bool = True
    directory: str = "journal"
    megabytes: float = 16.0
    """Size of a file, after which the next one begins."""
    files: int = 12
    """So many are kept, the oldest go first."""
    personal: str = "mask"
    """mask: callers' numbers and names stand there as tokens; keep: as they are."""


class RecordingSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is recorded, and for how long."""

    folder: str = ""
    """Where the PBX writes recordings and we read them; empty: nothing is recorded."""
    pbx_folder: str = ""
    """The same folder as the PBX sees it; empty: by the same path."""
    words_days: float = 365.0
    """How long the words of callers are kept, 0 for ever; longer while a ticket needs them."""
    calls_days: float = 180.0
    """The same for whole calls."""


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days for which rows with personal data are kept, 0 for ever; then they are deleted."""

    calls_days: float = 730.0
    """Calls with their segments and the agents' notes on them; longer while a recording is kept or a ticket is open;
    and what is known of recordings that were deleted."""
    menus_days: float = 365.0
    """What callers did in the phone menu."""
    callbacks_days: float = 365.0
    """Call-backs, once closed."""
    surveys_days: float = 730.0
    audit_days: float = 0.0


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    level: str = "info"
    json: bool = False


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    pbx: tuple[PbxSettings, ...] = ()
    ivr: IvrSettings = IvrSettings()
    dial: DialSettings = DialSettings()
    callback: CallbackSettings = CallbackSettings()
    survey: SurveySettings = SurveySettings()
    paths: PathSettings = PathSettings()
    desk: DeskSettings = DeskSettings()
    webhook: tuple[WebhookSettings, ...] = ()
    security: SecuritySettings = SecuritySettings()
    recordings: RecordingSettings = RecordingSettings()
    journal: JournalSettings = JournalSettings()
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()
