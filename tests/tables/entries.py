"""The answers of all tables, by name."""

from tests.tables import installation, people, points, service, shop
from tests.tables.answers import Answers

TABLES: dict[str, Answers] = {
    **installation.TABLES,
    **people.TABLES,
    **points.TABLES,
    **service.TABLES,
    **shop.TABLES,
}
