"""What a person is told of a refusal, in the page's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from core.errors import Refused
from core.identity.users import NOBODY
from core.web.errors import Problem
from core.web.site import request_id_of, user_of
from screenpop.texts import ERRORS
from screenpop.words import N_

if TYPE_CHECKING:
    from screenpop.pages.base import Pages

BROKEN = N_("Something went wrong here")
TITLES: Mapping[int, str] = {
    400: N_("This cannot be read"),
    403: N_("This is not open to you"),
    404: N_("There is nothing here"),
    405: N_("There is nothing here"),
    409: N_("It has changed meanwhile"),
    422: N_("Something is not right"),
    429: N_("Too many tries"),
    503: N_("A part is away for the moment"),
}
NEXT: Mapping[int, str] = {
    403: N_("Ask an administrator if you need it."),
    404: N_("It may have been moved, or the address is incomplete. Search for it instead."),
    429: N_("Wait a little, then try again."),
    503: N_("Calls go on on the phones. Try again in a few seconds."),
}


def sentence(code: str, message: str, details: Mapping[str, Any], gettext: Callable[[str], str]) -> str:
    """What went wrong: by its code where we know it, else by its own words. Guards carry both languages."""
    label = details.get("label")
    if isinstance(label, dict) and {"en", "zh"} <= label.keys():
        return str(label["zh"] if gettext("English") != "English" else label["en"])
    return gettext(ERRORS[code]) if code in ERRORS else gettext(message)


def of_refusal(refusal: Refused, gettext: Callable[[str], str]) -> str:
    """The sentence for a refused command."""
    return sentence(refusal.code, refusal.message, refusal.details, gettext)


def error_page(pages: Pages, request: web.Request, problem: Problem) -> web.Response:
    """The page for a person, or a piece of one for htmx."""
    user = user_of(request) or NOBODY
    language = pages.language_for(user, request)
    gettext = pages.renderer.gettext(language)
    context = {
        "title": gettext(TITLES.get(problem.status, BROKEN)),
        "message": sentence(problem.code, problem.message, problem.details, gettext),
        "hint": gettext(NEXT[problem.status]) if problem.status in NEXT else "",
        "status": problem.status,
        "request_id": request_id_of(request) if problem.status >= 500 else "",
    }
    if "HX-Request" in request.headers:
        text = pages.renderer.page("parts/problem.html", language, **context)
    else:
        text = pages.renderer.page("error.html", language, theme=user.theme, csrf="", **context)
    return web.Response(text=text, status=problem.status, content_type="text/html")
