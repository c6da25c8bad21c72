"""Which file says what: names by content, so that a changed text, voice or command makes another file. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

import msgspec

from config.settings import SpeechSettings
from ivr_flows.messages import Language, Piece, Said
from ivr_flows.speech.spoken import Utterance, word_utterances

FORM = 1
"""Of the files; raise it when what `telephone.py` makes of a sound changes."""
LONGEST_TEXT = 1000
MOMENT = "moment-"
"""Begins the names of sounds whose text is in no flow: they go by age."""
_BLANKS = re.compile(r"\s+")
_PLACE = re.compile(r"\{(file|text|language|voice)\}")


def plain(text: str) -> str:
    """The text as a voice gets it: one line without control characters, and not endless.

    espeak-ng reads [[…]] as phonemes of its own, whatever it is told: a text from outside may not say them.
    """
    line = _BLANKS.sub(" ", "".join(sign if sign.isprintable() else " " for sign in text)).strip()
    while "[[" in line or "]]" in line:
        line = line.replace("[[", "[").replace("]]", "]")
    return line[:LONGEST_TEXT]


def sound_key(utterance: Utterance, speech: SpeechSettings) -> str:
    """The name of the file that says it, without extension."""
    voice = utterance.voice.value
    parts = [FORM, plain(utterance.text), voice, speech.voices.get(voice, ""), list(speech.command)]
    digest = hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]
    return digest if utterance.name else MOMENT + digest


def recorded_key(content: bytes) -> str:
    """The name of the file made from a recording."""
    return hashlib.sha256(b"%d recorded " % FORM + content).hexdigest()[:32]


def recording_name(utterance: Utterance) -> str:
    """The name by which a recording replaces it: `hotline.welcome.text.zh_CN`."""
    return f"{utterance.name}.{utterance.language.value}"


def command_line(speech: SpeechSettings, utterance: Utterance, file: str) -> tuple[list[str], bytes]:
    """The arguments of the text-to-speech command, and what it gets on standard input."""
    text = plain(utterance.text)
    fill = {
        "file": file,
        # A text that begins with a dash is not to be taken for an option.
        "text": f" {text}" if text.startswith("-") else text,
        "language": utterance.voice.value,
        "voice": speech.voices.get(utterance.voice.value, ""),
    }
    line = [_PLACE.sub(lambda found: fill[found[1]], word) for word in speech.command]
    takes_text = any("{text}" in word for word in speech.command)
    return line, b"" if takes_text else text.encode()


def wanted(prompts: Iterable[Piece]) -> list[Utterance]:
    """Every sound that these fixed texts and any value need, each once."""
    fixed = [
        Utterance(piece.name, piece.text, piece.language, piece.language)
        for piece in prompts
        if piece.said is Said.PROMPT and piece.text.strip()
    ]
    words = [word for language in Language for word in word_utterances(language)]
    return list(dict.fromkeys([*fixed, *words]))


def keys_of(
    utterances: Iterable[Utterance], speech: SpeechSettings, recorded: Mapping[str, str]
) -> dict[str, Utterance]:
    """The file of each utterance; `recorded` has the key of each recording by its name."""
    return {recorded.get(recording_name(one), "") or sound_key(one, speech): one for one in utterances}
