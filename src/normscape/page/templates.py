"""Pages from the templates in this folder, with styles and scripts inlined."""

import json
from pathlib import Path

import jinja2
import vl_convert
from markupsafe import Markup

from normscape.page.explorer import MAX_POINTS

FOLDER = Path(__file__).parent
# In 6.4 the tooltip of the nearest point is empty.
VEGA_LITE = "6.1"


def fill(template: str, **values) -> str:
    """Return a page from a template and its values, which are escaped."""
    return (
        environment()
        .get_template(template)
        .render(
            style=_verbatim((FOLDER / "style.css").read_text(encoding="utf-8")),
            script=_verbatim((FOLDER / "explorer.js").read_text(encoding="utf-8")),
            library=_verbatim(vl_convert.javascript_bundle(vl_version=VEGA_LITE)),
            points=MAX_POINTS,
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


def script_data(data: dict) -> Markup:
    """Data as JSON that a page's script can read."""
    return _verbatim(json.dumps(data, separators=(",", ":")))


def _verbatim(text):
    # Inside a script only its end tag is markup.
    return Markup(text.replace("</script", "<\\/script"))
