"""The blueprint that all first pages share."""

from flask import Blueprint

bp = Blueprint("home", __name__)
