"""Checks a bundle of a Ningxin ledger offline: python verify_bundle.py FILE.zip [--key KEY] [--against CHECKPOINT].

Exit code 0: everything is in order. 1: an error was found and is reported. 2: the file can't be read as a bundle.
Needs Python 3.11, `cryptography` and the files beside this one, but not the ledger.
"""

import argparse
import base64
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bundle_file import BROKEN, Bundle, Unreadable
from derived_book import Book
from sealed_log import (
    Checkpoint,
    Fault,
    Log,
    encode_batch,
    is_consistent,
    leaf_hash,
    parse_key,
    read_checkpoint,
    read_keys,
)


class Check:
    """The whole check; each part reports success or raises Fault."""

    def __init__(self, bundle: Bundle, pinned: str | None, kept: Sequence[Path]) -> None:
        self._bundle = bundle
        self._pinned = pinned
        self._kept = kept
        self._corrected: set[int] = set()

    def run(self) -> None:
        """Run all parts; each relies on the ones before it."""
        self._bundle.check_members()
        members = len(self._bundle.manifest["members"])
        _tell(f"文件 {members} 个，和清单相符", f"{members} files, which match the manifest")
        self._read_keys()
        self._read_checkpoints()
        self._read_kept()
        self._check_consistency()
        book = self._open_accounts()
        self._check_leaves(book)
        self._check_waiting(book)
        self._derive(book)
        self._compare(book)

    def _read_keys(self) -> None:
        rows = self._bundle.value("keys.json")
        self._keys = read_keys(rows)
        self._bundle.count("keys", len(rows))
        if self._pinned is not None and [parse_key(self._pinned)] != self._keys[:1]:
            raise Fault("第一把公钥不是 --key 给的那一把", "the first key is not the one that --key gives")
        _tell(f"公钥 {len(rows)} 把，一把认可一把", f"{len(rows)} keys, each endorsed by the one before it")
        if rows:
            _say(f"    {rows[0]['key']}")

    def _read_checkpoints(self) -> None:
        self._checkpoints: list[Checkpoint] = []
        for size in self._bundle.checkpoint_sizes():
            found = read_checkpoint(self._bundle.text(f"checkpoints/{size}.txt"), self._keys)
            if found.size != size:
                raise Fault(f"封存点写的大小是 {found.size}", f"the checkpoint says size {found.size}")
            if self._checkpoints and found.signer < self._checkpoints[-1].signer:
                raise Fault("换了公钥以后又用旧的签名", "an old key signed after a newer one took over")
            self._checkpoints.append(found)
        self._bundle.count("checkpoints", len(self._checkpoints))
        number = len(self._checkpoints)
        _tell(f"封存点 {number} 个，签名都对", f"{number} checkpoints, all signatures are valid")

    def _read_kept(self) -> None:
        """Read checkpoints kept elsewhere; the log must have had the same root at each one's size."""
        self._kept_checkpoints = []
        leaves = self._bundle.manifest["counts"]["leaves"]
        for path in self._kept:
            self._bundle.at = str(path)
            found = read_checkpoint(path.read_text(encoding="utf-8"), self._keys)
            if found.size > leaves:
                raise Fault(
                    f"自己留存的封存点有 {found.size} 批，这里只有 {leaves} 批：日志被截短了，或者是旧的",
                    f"the checkpoint you kept has {found.size} leaves, the log here {leaves}: it was cut or is old",
                )
            self._kept_checkpoints.append(found)

    def _check_consistency(self) -> None:
        pairs = list(pairwise(self._checkpoints))
        rows = self._bundle.rows("proofs/consistency.jsonl")
        for old, new in pairs:
            row = next(rows, None)
            path = [base64.b64decode(each, validate=True) for each in row["path"]] if row is not None else []
            fits = row is not None and (row["old_size"], row["size"]) == (old.size, new.size)
            if not fits or not is_consistent(old, new, path):
                raise Fault(
                    f"没有证明 {new.size} 批的日志是接着 {old.size} 批的",
                    f"nothing proves that the log of {new.size} leaves goes on from that of {old.size}",
                )
        if next(rows, None) is not None:
            raise Fault("一致性证明多了", "there are more consistency proofs than checkpoints")
        _tell(f"一致性证明 {len(pairs)} 个，都成立", f"{len(pairs)} consistency proofs, all valid")

    def _open_accounts(self) -> Book:
        book = Book(self._corrected)
        for row in self._bundle.rows("accounts.jsonl"):
            book.open(row)
        self._bundle.count("accounts", len(book.accounts))
        return book

    def _check_leaves(self, book: Book) -> None:
        """Recompute every leaf from its batch, and the root of every checkpoint from the leaves."""
        log, roots = Log(), [*self._checkpoints, *self._kept_checkpoints]
        roots.sort(key=lambda checkpoint: checkpoint.size, reverse=True)
        for row in self._bundle.rows("facts.jsonl"):
            if row["index"] != log.size:
                raise Fault(f"这里应是第 {log.size} 叶", f"leaf {log.size} must stand here, not {row['index']}")
            leaf = self._leaf(row, book)
            if leaf.hex() != row["leaf"]:
                raise Fault(f"第 {log.size} 叶：内容改过了", f"leaf {log.size}: its batch is not what was sealed")
            log.append(leaf)
            while roots and roots[-1].size == log.size:
                self._compare_root(log, roots.pop())
        self._bundle.count("leaves", log.size)
        if roots:
            raise Fault(f"缺叶，封存点有 {roots[0].size} 叶", f"leaves are missing: a checkpoint has {roots[0].size}")
        if log.size != (self._checkpoints[-1].size if self._checkpoints else 0):
            raise Fault("最后的叶没有封存点", "the last leaves are under no checkpoint")
        _tell(
            f"封存 {log.size} 批，逐叶重算，和每个封存点的根相符",
            f"{log.size} sealed batches produce every checkpoint's root",
        )
        for kept in self._kept_checkpoints:
            _tell(
                f"自己留存的 {kept.size} 批的封存点也相符",
                f"so does the checkpoint of {kept.size} leaves that you kept",
            )

    def _check_waiting(self, book: Book) -> None:
        """Count batches without a leaf; they have the format of sealed ones, but no proof."""
        waiting = sum(1 for row in self._bundle.rows("unsealed.jsonl") if self._leaf(row, book))
        self._bundle.count("unsealed", waiting)
        if waiting:
            _tell(
                f"另有 {waiting} 批在等封存，还没有签名证明",
                f"{waiting} batches wait for their leaf; nothing proves them yet",
            )

    def _leaf(self, row: Any, book: Book) -> bytes:
        batch, transfers = row["batch"], row["transfers"]
        if batch is None or batch["center_id"] != self._bundle.manifest["center"]["id"]:
            raise Fault("这一叶没有这个中心的批次", "this leaf has no batch of this center")
        for transfer in transfers:
            self._corrected |= {transfer["reverses_id"], transfer["refund_of"]} - {None}
        return leaf_hash(encode_batch(batch, transfers, book.encoded))

    def _compare_root(self, log: Log, checkpoint: Checkpoint) -> None:
        if log.root() != checkpoint.root:
            earlier = [each.size for each in self._checkpoints if each.size < checkpoint.size]
            begin = earlier[-1] if earlier else 0
            raise Fault(
                f"{checkpoint.size} 批的封存点的根不符：第 {begin} 到 {checkpoint.size - 1} 叶之间有改动",
                f"the root of the checkpoint of {checkpoint.size} is another: leaves {begin} to {checkpoint.size - 1} "
                "are not those that were sealed",
            )

    def _derive(self, book: Book) -> None:
        for name in ("facts.jsonl", "unsealed.jsonl"):
            for row in self._bundle.rows(name):
                book.add(row["batch"], row["transfers"])
        book.close()
        self._bundle.count("transfers", book.transfers)
        _tell(
            f"流水 {book.transfers} 条，逐条重算，未了结的占用 {book.open_holds} 个",
            f"{book.transfers} transfers form unbroken chains, {book.open_holds} holds are open",
        )

    def _compare(self, book: Book) -> None:
        lots, units = 0, Counter[str]()
        for row in self._bundle.rows("accounts.jsonl"):
            lots += book.compare(row)
            units[row["unit"]] += row["balance"]
        if lots != book.lots_left:
            raise Fault("有剩余的积分（笔）没有写出来", "lots with something left are not named")
        for unit, total in units.items():
            if total:
                raise Fault(f"{unit} 合计是 {total}，不是零", f"the balances of {unit} add up to {total}, not to zero")
        number = len(book.accounts)
        _tell(
            f"账户 {number} 个，余额、占用、各笔积分都相符",
            f"{number} accounts have the stated balances, holds and lots",
        )
        _tell(f"{len(units)} 种单位，各自合计为零", f"{len(units)} units, each adds up to zero")


def _tell(zh: str, en: str) -> None:
    _say(f"  ✓ {zh}", f"    {en}")


def _say(*lines: str) -> None:
    """Print lines; text from a bundle must not control the terminal or add lines."""
    for line in lines:
        print("".join(letter if letter.isprintable() else "�" for letter in line))


def main() -> int:
    """Check the file named on the command line. Returns the exit code."""
    parser = argparse.ArgumentParser(description="核验凝心审计包 · Check a bundle of a Ningxin ledger, offline.")
    parser.add_argument("file", type=Path, help="FILE.zip")
    parser.add_argument("--key", help="第一把公钥，或写着它的文件 · the first public key, or a file with it")
    parser.add_argument(
        "--against", type=Path, action="append", default=[], help="自己留存的封存点 · a checkpoint you kept"
    )
    wanted = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        key = Path(wanted.key).read_text(encoding="utf-8") if wanted.key and Path(wanted.key).is_file() else wanted.key
        bundle = Bundle(wanted.file)
        center, at = bundle.manifest["center"]["name"], bundle.manifest["exported_at"]
        _say(f"{wanted.file.name}: {center}, {at}", f"    日期按 {bundle.timezone} · days are of {bundle.timezone}")
        return _checked(bundle, key, wanted.against)
    except Unreadable as error:
        _say(f"读不了：{error.args[0]}", f"Can't be read: {error.args[1]}")
    except (OSError, *BROKEN) as error:
        _say(f"读不了：{error}", f"Can't be read: {error}")
    return 2


def _checked(bundle: Bundle, key: str | None, kept: Sequence[Path]) -> int:
    try:
        Check(bundle, key, kept).run()
    except Fault as fault:
        zh, en = fault.zh, fault.en
    except BROKEN as error:
        zh, en = f"格式不对（{error}）", f"it is not as the format says ({type(error).__name__}: {error})"
    else:
        if key is None or not kept:
            _say(
                "  ! 没有同时给 --key 和 --against：整本重做或拿旧账充数，这样查不出来",
                "    Without both --key and --against, a rewritten or old book goes unnoticed.",
            )
        _say("一切相符。", "ALL IS IN ORDER.")
        return 0
    _say(f"  ✗ {bundle.at}", f"    {zh}", f"    {en}", "不相符。", "NOT IN ORDER.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
