"""Any wav file as Asterisk plays it without a codec module: 8,000 Hz, one channel, 16 bits.

Run as a program of its own (`python telephone.py IN OUT`), for it reckons for some tenths of a second and must not hold
the server's interpreter meanwhile: nothing but the standard library, and no other module of ours. audioop is gone from
Python 3.13, so the resampling is here: a windowed sinc as low-pass filter, one set of taps for each phase.
"""

from __future__ import annotations

import sys
import wave
from array import array
from math import cos, gcd, pi, sin
from operator import mul

RATE = 8000
ZERO_CROSSINGS = 12
"""Half the length of the filter; -60 dB and better above 4 kHz."""
PEAK = 0.8
"""Of full scale: all prompts equally loud, with room for the codec of the line."""
QUIET = 0.01
"""Below this part of the peak it counts as silence."""
LEAD, TAIL = 0.01, 0.06
"""Seconds of silence that are left before and after: words of a number follow each other quickly."""
LONGEST = 600
"""Seconds; no prompt is longer."""


class Unusable(Exception):
    """The file cannot be made into a prompt; the message says why."""


def read(path: str) -> tuple[int, list[float]]:
    """Samples per second, and the samples (-1 to 1) of all channels mixed into one. Raises `Unusable`."""
    try:
        with wave.open(path, "rb") as file:
            rate, width, channels, frames = (
                file.getframerate(),
                file.getsampwidth(),
                file.getnchannels(),
                file.getnframes(),
            )
            data = file.readframes(min(frames, rate * LONGEST))
    except (wave.Error, EOFError, OSError, RuntimeError) as error:
        # RuntimeError, without a word, is what `wave` raises for a chunk that is longer than what it is in.
        raise Unusable(f"is no wav file with plain samples: {error or 'it is cut off'}") from error
    if not data:
        raise Unusable("is empty")
    samples = _samples(data, width)
    if channels > 1:
        samples = [
            sum(frame) / channels
            for frame in zip(*(samples[n::channels] for n in range(channels)), strict=True)
        ]
    return rate, samples


def _samples(data: bytes, width: int) -> list[float]:
    if width == 1:
        return [(value - 128) / 128 for value in data]
    if width == 3:
        return [
            int.from_bytes(data[n : n + 3], "little", signed=True) / (1 << 23)
            for n in range(0, len(data) - 2, 3)
        ]
    values = array({2: "h", 4: "i"}.get(width, "b"))
    values.frombytes(data[: len(data) - len(data) % values.itemsize])
    if sys.byteorder == "big":
        values.byteswap()
    scale = 1 << (8 * values.itemsize - 1)
    return [value / scale for value in values]


def resample(samples: list[float], rate: int, to: int = RATE) -> list[float]:
    """The same sound at another rate; what the new rate cannot carry is filtered out before."""
    if rate == to:
        return samples
    up, down = to // gcd(rate, to), rate // gcd(rate, to)
    cutoff = min(1.0, to / rate) * 0.95
    half = int(ZERO_CROSSINGS / cutoff) + 1
    phases = [_taps(phase / up, half, cutoff) for phase in range(up)]
    padded = [0.0] * half + samples + [0.0] * (half + 1)
    found: list[float] = []
    for n in range(len(samples) * up // down):
        at, phase = divmod(n * down, up)
        found.append(sum(map(mul, phases[phase], padded[at : at + 2 * half + 1])))
    return found


def _taps(fraction: float, half: int, cutoff: float) -> list[float]:
    """The filter around a point between two samples, with a Blackman window; its sum is one."""
    taps = []
    for k in range(-half, half + 1):
        x = k - fraction
        edge = min(1.0, abs(x) / (half + 1))
        window = 0.42 + 0.5 * cos(pi * edge) + 0.08 * cos(2 * pi * edge)
        taps.append(window * (1.0 if x == 0 else sin(pi * cutoff * x) / (pi * cutoff * x)))
    total = sum(taps)
    return [tap / total for tap in taps]


def polish(samples: list[float]) -> list[float]:
    """Without the silence at both ends, and as loud as all the others. Raises `Unusable` for silence."""
    loudest = max(map(abs, samples), default=0.0)
    if loudest < 0.001:
        raise Unusable("is silent")
    loud = [n for n, value in enumerate(samples) if abs(value) > loudest * QUIET]
    begin = max(0, loud[0] - int(LEAD * RATE))
    end = loud[-1] + 1
    gain = PEAK / loudest
    return [value * gain for value in samples[begin:end]] + [0.0] * int(TAIL * RATE)


def write(path: str, samples: list[float]) -> None:
    """Write as 16-bit wav at 8,000 Hz."""
    values = array("h", (max(-32768, min(32767, round(value * 32767))) for value in samples))
    if sys.byteorder == "big":
        values.byteswap()
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(values.tobytes())


def main(arguments: list[str]) -> int:
    """`IN OUT`: 0 done, 1 with the reason on stderr."""
    source, target = arguments
    try:
        rate, samples = read(source)
        write(target, polish(resample(samples, rate)))
    except Unusable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
