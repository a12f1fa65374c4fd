"""A contract for import-linter over files of one kind in any folder: `*_pages` says what a file is, not where."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class FileNamesContract(Contract):
    """Some modules must not import others, except those in `unless`; patterns match the whole dotted name.

    With `indirectly` their imports must not either. A pattern in `unless` that excuses nobody is reported as stale.
    """

    type_name = "file_names"

    modules = fields.SetField(subfield=fields.StringField())
    unless = fields.SetField(subfield=fields.StringField(), required=False)
    must_not_import = fields.SetField(subfield=fields.StringField())
    indirectly = fields.BooleanField(required=False, default=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find the imports, or chains of imports, that break the contract, and the stale patterns."""
        excuses: dict[str, bool] = dict.fromkeys(self.unless or (), False)
        chains = []
        for module in sorted(_fitting(graph.modules, self.modules)):
            found = self._chains(graph, module)
            excused = [pattern for pattern in excuses if fnmatchcase(module, pattern)]
            excuses |= dict.fromkeys(excused if found else (), True)
            chains += [] if excused else found
        stale = [pattern for pattern, used in excuses.items() if not used]
        return ContractCheck(kept=not chains and not stale, metadata={"chains": chains, "stale": stale})

    def _chains(self, graph: ImportGraph, module: str) -> list[tuple[str, ...]]:
        if not self.indirectly:
            imported = graph.find_modules_directly_imported_by(module)
            return [(module, other) for other in sorted(_fitting(imported, self.must_not_import))]
        upstream = sorted(_fitting(graph.find_upstream_modules(module), self.must_not_import))
        return [graph.find_shortest_chain(importer=module, imported=other) or () for other in upstream]

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print a line for each fault."""
        for chain in check.metadata["chains"]:
            output.print_error(" -> ".join(chain))
        for pattern in check.metadata["stale"]:
            output.print_error(f"{pattern} excuses nobody: take it out of `unless`")


def _fitting(modules: Iterable[str], patterns: Iterable[str]) -> set[str]:
    return {name for name in modules if any(fnmatchcase(name, pattern) for pattern in patterns)}
