"""The blueprint shared by all landing pages."""

from flask import Blueprint

bp = Blueprint("home", __name__)
