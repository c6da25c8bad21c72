"""Which numbers no flow may transfer to, by the dial policy: asked of files before a caller is sent there in vain."""

from __future__ import annotations

from collections.abc import Callable

from config.settings import Settings
from cti.dial_policy import BARRED, Barred, By, judge


def numbers_barred(settings: Settings) -> Callable[[str], str] | None:
    """Why a number may be dialled from no PBX; None where there is none to dial it."""
    regions = sorted({pbx.region for pbx in settings.pbx})

    def barred(number: str) -> str:
        verdicts = [judge(settings.dial, number, region, By.SERVER) for region in regions]
        codes = [verdict.code for verdict in verdicts if isinstance(verdict, Barred)]
        return "" if len(codes) < len(verdicts) else BARRED[codes[0]]

    return barred if regions else None
