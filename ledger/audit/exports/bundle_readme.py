"""What a bundle says about itself to its recipient, in Chinese and English."""

HOW_TO_VERIFY = {
    "zh": "离线核验：python verify_bundle.py 本文件.zip --key 公开的第一把公钥 --against 自己留存的封存点",
    "en": "Check it offline: python verify_bundle.py THIS.zip --key FIRST_PUBLIC_KEY --against A_CHECKPOINT_YOU_KEPT",
}

README = """\
凝心账本 · 审计包

这一个压缩包里是一个中心的整本账，以及证明没人改过它的凭据。核验不需要我们的软件，也不用联网：
  python verify_bundle.py 本文件.zip --key 公钥 --against 封存点
核验程序在凝心源代码的 verifier 文件夹里，只用到 Python 3.11 和 cryptography。请从源代码取，不要用别人随包给的。
--key 是中心当初公布的第一把公钥；--against 是您自己以前留下的封存点（墙上公布的、收据里的、邮件里的都行）。
两样都给，才查得出有人把整本账连同签名一起重做，或者拿旧的一本来充数。

文件
  manifest.json             格式、中心、导出时间、数目，以及每个文件的 SHA-256
  facts.jsonl               封存了的每一批，按封存的先后，一行一批：批次、流水、各笔积分及其使用
  unsealed.jsonl            还在等封存的批次（刚记的），还没有签名证明
  accounts.jsonl            每个账户，和我们自己的计数器说它有多少、占用多少
  checkpoints/大小.txt      每一个签了名的封存点（C2SP tlog-checkpoint）
  keys.json                 公钥，后一把由前一把签名认可
  proofs/consistency.jsonl  相邻两个封存点之间的一致性证明（RFC 6962）
金额是最小单位的整数（scale 位小数）；时间是 1970 年以来的微秒（UTC），日期是 1970 年以来的天数，
按清单里 timezone 写的时区算。
编号是 64 位整数，请用不丢位数的工具读。人名、电话不在里面；有人手写的文字只有它的 SHA-256。


Ningxin ledger · bundle for auditors

This zip holds the whole book of a center and the proof that nobody rewrote it. Checking it needs none of our
software and no network:
  python verify_bundle.py THIS.zip --key KEY --against CHECKPOINT
The verifier is the folder `verifier` in Ningxin's source and needs only Python 3.11 and `cryptography`. Take
it from the source, not from the person who gave you this file.
--key is the first public key that the center published; --against is a checkpoint that you kept yourself (from
the wall, a receipt or a mail). Only with both can you detect a book rewritten with its signatures, or an older book
passed off as today's.

Files
  manifest.json             format, center, time, counts, and the SHA-256 of every file
  facts.jsonl               every sealed batch in the order of its leaf, one per line: batch, transfers, lots, uses
  unsealed.jsonl            the latest batches, which wait for their leaf; no signature proves them yet
  accounts.jsonl            every account, with its balance and holds by our own counters
  checkpoints/SIZE.txt      every signed checkpoint (C2SP tlog-checkpoint)
  keys.json                 public keys, each endorsed by the one before it
  proofs/consistency.jsonl  consistency proofs between consecutive checkpoints (RFC 6962)
Amounts are integers in minor units (`scale` decimals); times are microseconds since 1970 in UTC, days are days since
1970 in the zone that the manifest names as `timezone`. Keys are 64-bit integers: use a tool that keeps every digit.
It contains no names or phone numbers, and only the SHA-256 of text that somebody typed.
"""
