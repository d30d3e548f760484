"""Fills the templates that lie beside it; everything a page needs goes into it."""

import dataclasses
import json
from pathlib import Path

import jinja2
import vl_convert
from markupsafe import Markup

from normscape.claims.quantities import Quantity
from normscape.experiment import Norm
from normscape.page import curves

FOLDER = Path(__file__).parent
# 6.4 shows no text in the tooltip of the nearest point.
VEGA_LITE = "6.1"


def fill(template: str, **values) -> str:
    """A page from a template and its values, which are escaped."""
    return (
        environment()
        .get_template(template)
        .render(
            style=_verbatim((FOLDER / "style.css").read_text(encoding="utf-8")),
            script=_verbatim((FOLDER / "explorer.js").read_text(encoding="utf-8")),
            library=_verbatim(vl_convert.javascript_bundle(vl_version=VEGA_LITE)),
            points=curves.POINTS,
            **values,
        )
    )


def environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def explorer_data(
    found: list[dict], norms: list[Norm], quantities: dict[str, Quantity]
) -> str:
    """What the explorer's script reads, from the curves of one or two experiments."""
    data = {
        "norms": [dataclasses.asdict(norm) for norm in norms],
        "quantities": [
            {"name": name, "label": quantity.label}
            for name, quantity in quantities.items()
        ],
        "curves": found,
    }
    return _verbatim(json.dumps(data, separators=(",", ":")))


def _verbatim(text):
    # Inside a script, nothing but its end tag is markup.
    return Markup(text.replace("</script", "<\\/script"))
