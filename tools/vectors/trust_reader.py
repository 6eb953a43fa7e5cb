#!/usr/bin/env python3
"""Reads trust documents, independently of the project's own reader, and says what it thinks.

A line of standard input is a question, and gets one line of answer, `yes` or `no`:

    form root HEX              is this file well-formed?
    form channel HEX
    walk HEX HEX ...           does each root follow the one before it, the first vouched for?
    channel HEX HEX            does the channel (second) bear the threshold of the root (first)?

Written from the description of the formats, with regular expressions where the project has a
cursor. Signatures are checked with ed25519.py, so `walk` and `channel` take a while.
"""
import hashlib
import re
import sys

from ed25519 import verify

MAGIC = bytes.fromhex("454942310d0a1a0a")
ROLES = {"root": 2, "channel": 3}
SIZES = {"root": 131072, "channel": 16384}
NAME = r"[a-z0-9_-][a-z0-9._-]{0,63}"
NUMBER = r"0|[1-9][0-9]{0,19}"
HASH = r"[0-9a-f]{64}"
ROOT = re.compile(
    rf"eib-root/1\nversion ({NUMBER})\ncreated ({NUMBER})\nnot-after ({NUMBER})\n"
    rf"role root ({NUMBER})\n((?:key {HASH} {NAME}\n)*)"
    rf"role release ({NUMBER})\n((?:key {HASH} {NAME}\n)*)"
    rf"(?:role channel ({NUMBER})\n((?:key {HASH} {NAME}\n)*))?"
    rf"(?:role delta ({NUMBER})\n((?:key {HASH} {NAME}\n)*))?"
    rf"((?:revoked-key {HASH}\n)*)((?:revoked-content {HASH}\n)*)"
    r"((?:x-[ -~]{0,254}\n)*)",
    re.ASCII,
)
CHANNEL = re.compile(
    rf"eib-channel/1\nname ({NAME})\ntarget ({NAME})\nversion ({NUMBER})\n"
    rf"created ({NUMBER})\nnot-after ({NUMBER})\nrollout ({NUMBER}) ({NUMBER})\n"
    rf"((?:bundle {NAME} (?:{NUMBER}) {HASH}\n)+)((?:x-[ -~]{{0,254}}\n)*)",
    re.ASCII,
)


class Refused(Exception):
    """The document is not one."""


def need(condition):
    """Refuses the document unless a rule holds."""
    if not condition:
        raise Refused


def number(text):
    """A decimal number of at most 64 bits."""
    value = int(text)
    need(value < 2**64)
    return value


def ascending(items, limit):
    """The items, which are in ascending order, each once and not too many."""
    need(len(items) <= limit and all(a < b for a, b in zip(items, items[1:])))
    return items


def envelope(kind, data):
    """The slots of a file's envelope, and its text."""
    need(4096 < len(data) <= 4096 + SIZES[kind])
    need(data[:8] == MAGIC and data[8:16] == bytes.fromhex("0100000000100000"))
    size = int.from_bytes(data[16:24], "little")
    text = data[4096:]
    need(size == len(text) and hashlib.blake2b(text).digest() == data[24:88])
    count = int.from_bytes(data[88:90], "little")
    need(count <= 16 and data[90:96] == bytes.fromhex("900000000000"))
    need(not any(data[96 + 144 * count : 4096]))
    slots = [data[96 + 144 * i : 240 + 144 * i] for i in range(count)]
    for slot in slots:
        need(slot[8:16] == bytes([1, 0, ROLES[kind], 0, 0, 0, 0, 0]))
    need(len({slot[:8] for slot in slots}) == count)
    return slots, text


def role(threshold, lines):
    """A role of a root: threshold, and names by keys."""
    pairs = re.findall(rf"key ({HASH}) ({NAME})\n", lines or "")
    keys = ascending([bytes.fromhex(key) for key, _ in pairs], 16)
    for key in keys:
        need(int.from_bytes(key, "little") & (2**255 - 1) < 2**255 - 19)
    need(1 <= number(threshold) <= len(keys))
    return number(threshold), dict(zip(keys, (name for _, name in pairs)))


def root(text):
    """What a root says."""
    match = ROOT.fullmatch(text.decode("latin-1"))
    need(match)
    version, created, end = (number(match[i]) for i in (1, 2, 3))
    need(version >= 1 and (end == 0 or created <= end))
    roles = {"root": role(match[4], match[5]), "release": role(match[6], match[7])}
    for name, index in (("channel", 8), ("delta", 10)):
        if match[index] is not None:
            roles[name] = role(match[index], match[index + 1])
    keys = [key for _, entries in roles.values() for key in entries]
    names = [name for _, entries in roles.values() for name in entries.values()]
    need(len(set(keys)) == len(keys) and len(set(names)) == len(names))
    revoked = ascending([bytes.fromhex(h) for h in re.findall(HASH, match[12])], 256)
    need(not set(revoked) & set(keys))
    ascending(re.findall(HASH, match[13]), 1024)
    ascending(match[14].split("\n")[:-1], 16)
    return {"version": version, "roles": roles, "comment": f"martlet root version:{version}"}


def channel(text):
    """What a channel says."""
    match = CHANNEL.fullmatch(text.decode("latin-1"))
    need(match)
    name, target = match[1], match[2]
    version, created, end, percent, _ = (number(match[i]) for i in range(3, 8))
    need(version >= 1 and 0 < end and created <= end and percent <= 100)
    bundles = [line.split(" ") for line in match[8].split("\n")[:-1]]
    ascending([bundle[1] for bundle in bundles], 64)
    for bundle in bundles:
        number(bundle[2])
    ascending(match[9].split("\n")[:-1], 16)
    return {"comment": f"martlet channel {name} {target} version:{version}"}


def check(slots, text, comment, threshold, keys):
    """Demands the signatures of enough keys, and of none of them a wrong one."""
    count = 0
    digest = hashlib.blake2b(text).digest()
    for slot in slots:
        for key in keys:
            if hashlib.blake2b(key, digest_size=32).digest()[:8] == slot[:8]:
                first, second = slot[16:80], slot[80:]
                need(verify(key, digest, first))
                need(verify(key, first + comment.encode(), second))
                count += 1
    need(count >= threshold)


def walk(files):
    """The last of a chain of roots."""
    previous = None
    for data in files:
        slots, text = envelope("root", data)
        found = root(text)
        check(slots, text, found["comment"], *found["roles"]["root"])
        if previous:
            check(slots, text, found["comment"], *previous["roles"]["root"])
            need(found["version"] == previous["version"] + 1)
        previous = found
    return previous


def answer(words):
    """Whether the answer to a question is yes."""
    files = [bytes.fromhex(word) for word in words[1:] if word not in ROLES]
    need(files)
    if words[0] == "form":
        _, text = envelope(words[1], files[0])
        (root if words[1] == "root" else channel)(text)
    elif words[0] == "walk":
        walk(files)
    else:
        trusted = walk(files[:1])
        slots, text = envelope("channel", files[1])
        need("channel" in trusted["roles"])
        check(slots, text, channel(text)["comment"], *trusted["roles"]["channel"])


def main():
    for line in sys.stdin:
        try:
            answer(line.split())
            print("yes")
        except Refused:
            print("no")


if __name__ == "__main__":
    main()
