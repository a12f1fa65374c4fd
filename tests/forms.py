"""The forms of a page, as a browser without scripts sees them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

# Types of inputs that people type into and see again; a password is never shown again.
TYPED = {"text", "search", "tel", "number", "date", "time", "datetime-local"}
# What a browser would let people pick in an empty field.
PICKED = {"number": "1", "date": "2026-06-03", "time": "09:30", "datetime-local": "2026-06-03T09:30"}


@dataclass
class Field:
    """An input, a text area or a list to choose from."""

    id: str
    name: str
    type: str
    value: str
    invalid: bool
    described_by: list[str]


@dataclass
class Form:
    """A form with what it would send if its first button were pressed."""

    method: str
    action: str
    fields: list[Field] = field(default_factory=list)
    button: tuple[str, str] | None = None

    @property
    def sent(self) -> dict[str, str]:
        """What it would send, except the hidden fields of every form; where there is something to pick, one is."""
        known = {
            each.name: each.value or PICKED.get(each.type, "")
            for each in self.fields
            if each.type not in ("checkbox", "file")
        }
        if self.button and self.button[0]:
            known[self.button[0]] = self.button[1]
        return {name: value for name, value in known.items() if name not in ("csrf_token", "idempotency_key")}

    @property
    def typed(self) -> list[Field]:
        """The fields that people type into."""
        return [each for each in self.fields if each.type in TYPED]


@dataclass
class Line:
    """A line of a summary: the id to which it links, empty if it is no link, and what it says."""

    link: str
    text: str


class PageForms(HTMLParser):
    """Reads a page: its forms, the ids on it, the links within it, the labels of its fields and its summaries."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.ids: set[str] = set()
        self.inner_links: list[str] = []
        self.labels: dict[str, str] = {}
        self.lines: list[Line] = []
        self._tags: list[tuple[str, dict[str, str]]] = []
        self._legend = ""
        self._open: Form | None = None
        self._area: Field | None = None
        self._choice: Field | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.ids.add(known.get("id", ""))
        if tag in ("div", "li", "label", "legend", "fieldset", "span"):
            self._tags.append((tag, known))
            self._legend = "" if tag == "fieldset" else self._legend
        if tag == "li" and self._in_summary:
            self.lines.append(Line("", ""))
        if tag == "a" and self._in_summary:
            self.lines[-1].link = known["href"][1:]
        if tag == "a" and known.get("href", "").startswith("#"):
            self.inner_links.append(known["href"][1:])
        elif tag == "form":
            self._open = Form(known.get("method", "get"), known.get("action", ""))
            self.forms.append(self._open)
        elif self._open is not None:
            self._read(tag, known, self._open)

    @property
    def _in_summary(self) -> bool:
        return any("nx-problem" in known.get("class", "").split() for _tag, known in self._tags)

    def faults_in_summaries(self) -> list[str]:
        """Lines that lead nowhere, or don't begin with the label of their field."""
        return [
            f"{line.text!r} -> #{line.link}, labelled {self.labels.get(line.link)!r}"
            for line in self.lines
            if line.link not in self.ids or not line.text.startswith(self.labels.get(line.link, "\0"))
            if line.link or not line.text.startswith(("网页地址：", "Page address: "))
        ]

    def _read(self, tag: str, known: dict[str, str], form: Form) -> None:
        marks = ("aria-invalid" in known, known.get("aria-describedby", "").split())
        if tag == "button" and known.get("type") == "submit" and form.button is None:
            form.button = (known.get("name", ""), known.get("value", ""))
        elif tag == "option" and self._choice and ("selected" in known or not self._choice.value):
            self._choice.value = known.get("value", "")
        elif tag in ("input", "textarea", "select"):
            kind = {"textarea": "text", "select": "choice"}.get(tag, known.get("type", "text"))
            kind = "hidden" if "hidden" in known else kind
            found = Field(known.get("id", ""), known.get("name", ""), kind, known.get("value", ""), *marks)
            form.fields.append(found)
            self._area = found if tag == "textarea" else self._area
            self._choice = found if tag == "select" else self._choice

    def handle_endtag(self, tag: str) -> None:
        while any(each == tag for each, _known in self._tags) and self._tags.pop()[0] != tag:
            pass
        if tag == "fieldset":
            self._legend = ""
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._choice = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value += data
        if self.lines and self._in_summary and any(tag == "li" for tag, _known in self._tags):
            self.lines[-1].text += data
        tag, known = self._tags[-1] if self._tags else ("", {})
        if tag == "legend":
            self._legend += data
        elif tag == "label" and "for" in known:
            group = f"{self._legend}，" if self._legend else ""
            self.labels[known["for"]] = self.labels.get(known["for"], group) + data.strip()
