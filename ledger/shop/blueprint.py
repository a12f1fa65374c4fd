"""The blueprint shared by all shop pages, and the words their templates need."""

from flask import Blueprint
from flask_babel import gettext as _

bp = Blueprint("shop", __name__)


@bp.app_template_global()
def origin_words(origin: str) -> str:
    """Word for the origin of goods, as printed on a delivery."""
    return str({"bought": _("采购"), "donated": _("捐赠"), "scrap": _("以废代捐")}[origin])
