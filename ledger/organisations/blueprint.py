"""The blueprint that all pages of organisations share."""

from flask import Blueprint

bp = Blueprint("organisations", __name__)
