#!/usr/bin/env python3
"""Verifies a ledger of Scanloop without any of its code: standard library only.

usage: ledger.py FOLDER [--key HEX] [--checkpoints FILE]

Reads every byte of every segment; says the first record that is not as it was written,
as one line of JSON; exit code 0 if there is none. The format is described in
runtime/journal/src/ledger/chain.rs and checkpoint.rs; signatures are in ed25519.py.
"""

import hashlib
import json
import os
import re
import sys
import zlib

from ed25519 import is_signed


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def merkle(leaves):
    """RFC 9162, 2.1.1."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return sha256(b"\0", leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\1", merkle(leaves[:split]), merkle(leaves[split:]))


def word(raw, at):
    return int.from_bytes(raw[at : at + 8], "little")


def frame(raw, at):
    """(kind, seq, prev, body, whole bytes), or None if no whole record stands here."""
    length = int.from_bytes(raw[at + 4 : at + 8], "little")
    whole = raw[at : at + 64 + length]
    if whole[:4] != b"SLG1" or len(whole) != 64 + length or whole[9:12] != b"\0\0\0":
        return None
    if length > 32768 or whole[8] not in (1, 2, 3):
        return None
    if zlib.crc32(whole[:-4]) != int.from_bytes(whole[-4:], "little"):
        return None
    return whole[8], word(whole, 12), whole[28:60], whole[60:-4], whole


class Bad(Exception):
    pass


class Verifier:
    def __init__(self, key, replicated):
        self.key, self.replicated, self.ledger = key, replicated, None
        self.prev, self.previous, self.next = bytes(32), bytes(32), 1
        self.leaves, self.entries, self.checkpoints, self.signed_to = [], 0, 0, 0
        self.before, self.end = 0, 0

    def segment(self, number, raw):
        if number != self.before + 1:
            raise Bad(self.before + 1, 0, self.next, "segment missing")
        at = 0
        while any(raw[at:]) or at == 0:
            found = frame(raw, at)
            if found is None:
                raise Bad(number, at, self.next, "no whole record")
            kind, seq, prev, body, whole = found
            if (at == 0) != (kind == 1):
                raise Bad(number, at, self.next, "segment")
            if prev != self.prev or seq != self.next:
                raise Bad(number, at, seq, "chain")
            if kind == 1:
                self.head(number, body)
            elif kind == 2:
                json.loads(body)
                self.leaves.append(sha256(whole))
                self.next, self.entries = seq + 1, self.entries + 1
            else:
                self.checkpoint(number, at, seq, body, whole)
            self.prev = sha256(whole)
            at += len(whole)
        self.before, self.end = number, at

    def head(self, number, body):
        ledger, key = body[4:20], body[52:84]
        self.ledger, self.key = self.ledger or ledger, self.key or key
        if len(body) != 84 or body[:4] != b"\1\0\0\0" or word(body, 20) != number:
            raise Bad(number, 0, self.next, "segment")
        if (ledger, key) != (self.ledger, self.key):
            raise Bad(number, 0, self.next, "other ledger or key")
        if word(body, 28) != self.before or word(body, 36) > self.end:
            raise Bad(number, 0, self.next, "continues")
        if word(body, 36) < self.end:
            raise Bad(self.before, word(body, 36), self.next, "beyond end")

    def checkpoint(self, number, at, seq, body, whole):
        if len(body) != 216 or body[:16] != self.ledger or body[120:152] != self.key:
            raise Bad(number, at, seq, "other ledger or key")
        message = b"scanloop ledger checkpoint 1\n" + self.prev + body[:152]
        if not is_signed(self.key, message, body[152:]):
            raise Bad(number, at, seq, "signature")
        first, last = word(body, 24), word(body, 32)
        said = (first, last, body[40:72], body[72:104])
        if said != (seq - len(self.leaves), seq - 1, merkle(self.leaves), self.previous):
            raise Bad(number, at, seq, "root")
        if self.replicated.pop(word(body, 16), whole) != whole:
            raise Bad(number, at, seq, "replica differs")
        self.checkpoints, self.signed_to = self.checkpoints + 1, last
        self.leaves, self.previous = [], sha256(whole)


def replicated(path):
    raw, at, frames = open(path, "rb").read() if path else b"", 0, {}
    while (found := frame(raw, at)) is not None:
        frames[word(found[3], 16)] = found[4]
        at += len(found[4])
    return frames


def main(folder, *options):
    options = dict(zip(options[::2], options[1::2]))
    key = bytes.fromhex(options.get("--key", ""))
    verifier = Verifier(key or None, replicated(options.get("--checkpoints")))
    first_bad = None
    names = [name for name in os.listdir(folder) if re.fullmatch(r"\d{8,}\.ledger", name)]
    try:
        for name in sorted(names):
            with open(os.path.join(folder, name), "rb") as file:
                verifier.segment(int(name.split(".")[0]), file.read())
        if verifier.replicated:
            raise Bad(verifier.before, verifier.end, verifier.next, "end cut off")
    except Bad as bad:
        first_bad = dict(zip(("segment", "at", "seq", "why"), bad.args))
    except ValueError:
        first_bad = {"segment": int(name.split(".")[0]), "why": "text"}
    print(json.dumps({
        "good": first_bad is None,
        "entries": verifier.entries,
        "checkpoints": verifier.checkpoints,
        "signed_to": verifier.signed_to,
        "head": verifier.prev.hex(),
        "first_bad": first_bad,
    }))
    return 0 if first_bad is None else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
