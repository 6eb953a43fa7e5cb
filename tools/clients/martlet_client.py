#!/usr/bin/env python3
"""Asks a Martlet agent through its Unix socket. Python 3.9 or later, standard library only.

    with Client("/run/martlet.sock", timeout=2.0) as client:
        scores = client.infer(sample)

Run as a program: martlet_client.py SOCKET status | describe | reset-state | infer IN OUT
"""
import json
import socket
import struct
import sys
import time
from dataclasses import dataclass
from typing import List, Sequence, Tuple, Union

_HEADER = struct.Struct("<4sBBHII")  # magic, kind, zero or status, flags, id, payload size
_DESCRIPTION = struct.Struct("<HHII32s")
_TENSOR = struct.Struct("<BBBBifI24s32s")
_INFER, _STATUS, _DESCRIBE, _RESET_STATE = 1, 2, 3, 4
_IS_JSON = 1
# Types have the numbers of the program format; float32, int16, float16 and bool name types of
# source models only, as a tensor's type is always one of the first four.
_TYPES = ("int8", "uint8", "int32", "int64", "float32", "int16", "float16", "bool")
# An agent's places for clients hold less than this; a larger answer is not an agent's.
_ANSWER_SIZE_MAX = 1 << 30
_STATUS_TEXTS = {
    1: "the request breaks the protocol",
    2: "the agent does not know this kind of request",
    3: "the inputs have the wrong size",
    4: "all places of the agent are taken",
}


class MartletError(Exception):
    """The agent refused, or its answer is none; `status` is the answer's, or None."""

    def __init__(self, text, status=None):
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Tensor:
    """An input or an output: the value of a stored number q is scale * (q - zero_point)."""

    name: str
    type: str
    source_type: str
    shape: Tuple[int, ...]
    size_bytes: int
    scale: float
    zero_point: int


@dataclass(frozen=True)
class Description:
    """What a model takes and gives, and the content id of its image."""

    inputs: Tuple[Tensor, ...]
    outputs: Tuple[Tensor, ...]
    content_id: str
    input_size_bytes: int
    output_size_bytes: int


class Client:
    """One connection. Not for several threads at once: give each its own."""

    def __init__(self, path: str, timeout: float = 10.0):
        """Connects to the socket at `path`; a whole request takes at most `timeout` seconds."""
        self._timeout = timeout
        self._id = 0
        self._description = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the connection; a second call does nothing."""
        self._socket.close()

    def infer(self, inputs: Union[bytes, Sequence[bytes]]) -> Union[bytes, List[bytes]]:
        """Runs the model once.

        Bytes are all inputs one after the other, and give all outputs as bytes. A sequence has
        the bytes of each input apart, and gives a list with the bytes of each output.
        """
        if isinstance(inputs, (bytes, bytearray, memoryview)):
            return self._ask(_INFER, payload=bytes(inputs))
        description = self.describe()
        parts = [bytes(part) for part in inputs]
        if [len(part) for part in parts] != [tensor.size_bytes for tensor in description.inputs]:
            raise MartletError(_STATUS_TEXTS[3], status=3)
        answer = self._ask(_INFER, payload=b"".join(parts))
        if len(answer) != description.output_size_bytes:
            raise self._broken("the outputs have the wrong size")
        outputs, offset = [], 0
        for tensor in description.outputs:
            outputs.append(answer[offset:offset + tensor.size_bytes])
            offset += tensor.size_bytes
        return outputs

    def reset_state(self) -> None:
        """Gives the model's states their initial values; a model without any changes nothing."""
        if self._ask(_RESET_STATE):
            raise self._broken("the answer to a reset has a payload")

    def status(self) -> dict:
        """The agent's account of itself (martletd.docc/Operation.md names the fields)."""
        try:
            status = json.loads(self._ask(_STATUS, flags=_IS_JSON))
        except ValueError:
            status = None
        if not isinstance(status, dict):
            raise self._broken("the status is no JSON object")
        return status

    def describe(self) -> Description:
        """The model's tensors; asked for once a connection, as a running model never changes."""
        if self._description is None:
            answer = self._ask(_DESCRIBE)
            try:
                self._description = _read_description(answer)
            except (struct.error, IndexError, ValueError) as error:
                raise self._broken("the description is malformed") from error
        return self._description

    def _ask(self, kind, flags=0, payload=b""):
        deadline = time.monotonic() + self._timeout
        self._id = (self._id + 1) & 0xFFFFFFFF
        head = _HEADER.pack(b"MLTQ", kind, 0, flags, self._id, len(payload))
        try:
            return self._exchange(head, payload, kind, deadline)
        except OSError:
            # What arrives later must not be taken for the answer to the next request.
            self.close()
            raise

    def _exchange(self, head, payload, kind, deadline):
        try:
            self._send(head + payload, deadline)
        except (BrokenPipeError, ConnectionResetError):
            # An agent without a free place answers and closes before it reads: hear it out.
            pass
        magic, found, status, zero, number, size = _HEADER.unpack(
            self._receive(_HEADER.size, deadline))
        if magic != b"MLTS" or zero != 0 or size > _ANSWER_SIZE_MAX or (status and size):
            raise self._broken("the answer breaks the protocol")
        if status:
            if status in (1, 4):
                self.close()
            raise MartletError(_STATUS_TEXTS.get(status, f"answer of status {status}"), status)
        if (found, number) != (kind, self._id):
            raise self._broken("the answer is to another request")
        return self._receive(size, deadline)

    def _send(self, data, deadline):
        self._socket.settimeout(_rest(deadline))
        self._socket.sendall(data)

    def _receive(self, count, deadline):
        data = bytearray()
        while len(data) < count:
            self._socket.settimeout(_rest(deadline))
            part = self._socket.recv(min(count - len(data), 1 << 20))
            if not part:
                raise ConnectionResetError("the agent closed the connection")
            data += part
        return bytes(data)

    def _broken(self, text):
        self.close()
        return MartletError(text)


def _rest(deadline):
    rest = deadline - time.monotonic()
    if rest <= 0:
        raise socket.timeout("no answer in time")
    return rest


def _read_description(data):
    input_count, output_count, input_size, output_size, content_id = _DESCRIPTION.unpack_from(data)
    if len(data) != _DESCRIPTION.size + (input_count + output_count) * _TENSOR.size:
        raise ValueError("size")
    tensors = [_read_tensor(data, _DESCRIPTION.size + index * _TENSOR.size)
               for index in range(input_count + output_count)]
    inputs, outputs = tuple(tensors[:input_count]), tuple(tensors[input_count:])
    if (sum(tensor.size_bytes for tensor in inputs) != input_size
            or sum(tensor.size_bytes for tensor in outputs) != output_size):
        raise ValueError("sizes do not add up")
    return Description(inputs, outputs, content_id.hex(), input_size, output_size)


def _read_tensor(data, offset):
    type_, source, rank, name_size, zero_point, scale, size, extents, name = \
        _TENSOR.unpack_from(data, offset)
    if rank > 6 or name_size > 32:
        raise ValueError("rank or name")
    return Tensor(
        name=name[:name_size].decode("utf-8", "replace"),
        type=_TYPES[type_],
        source_type=_TYPES[source],
        shape=struct.unpack("<6I", extents)[:rank],
        size_bytes=size,
        scale=scale,
        zero_point=zero_point,
    )


def _print_description(description):
    print(f"content id {description.content_id}")
    for role, tensors in (("input", description.inputs), ("output", description.outputs)):
        for tensor in tensors:
            print(f"{role} {tensor.name} {tensor.type} {list(tensor.shape)} "
                  f"{tensor.size_bytes} bytes, scale {tensor.scale:.9g}, "
                  f"zero point {tensor.zero_point}, was {tensor.source_type}")


def main(arguments):
    """Runs a verb; the exit code."""
    verb = arguments[1] if len(arguments) > 1 else ""
    if {"status": 2, "describe": 2, "reset-state": 2, "infer": 4}.get(verb) != len(arguments):
        print(__doc__.splitlines()[-1], file=sys.stderr)
        return 2
    try:
        with Client(arguments[0]) as client:
            if verb == "status":
                print(json.dumps(client.status(), indent=2))
            elif verb == "describe":
                _print_description(client.describe())
            elif verb == "reset-state":
                client.reset_state()
            else:
                with open(arguments[2], "rb") as source:
                    outputs = client.infer(source.read())
                with open(arguments[3], "wb") as target:
                    target.write(outputs)
    except (OSError, MartletError) as error:
        print(f"error: {error} ({arguments[0]})", file=sys.stderr)
        return 7
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
