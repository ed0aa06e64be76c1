"""pymodbus as client of our server: client.py PORT

The server has 100 coils, 100 discrete inputs, 200 holding and 200 input registers,
unit 1; input register n holds 3 n, discrete input n is on where n % 3 == 0.
Prints one line a check; ends with 1 if any failed.
"""

import socket
import struct
import sys

from pymodbus.client import ModbusTcpClient

failures = 0


def check(name, found, wanted):
    global failures
    held = found == wanted
    failures += not held
    print(f"{'ok  ' if held else 'FAIL'} {name}" + ("" if held else f": {found!r}, wanted {wanted!r}"))


def functions(client):
    """Every function that the server has, by pymodbus's own methods."""
    one = {"device_id": 1}
    check("1 coils are off", client.read_coils(0, count=16, **one).bits, [False] * 16)
    check("5 writes one coil", client.write_coil(3, True, **one).isError(), False)
    check("5 is read back", client.read_coils(3, count=1, **one).bits[0], True)
    pattern = [n % 5 == 0 for n in range(19)]
    check("15 writes coils", client.write_coils(40, list(pattern), **one).isError(), False)
    check("15 is read back", client.read_coils(40, count=19, **one).bits[:19], pattern)
    wanted = [n % 3 == 0 for n in range(10, 29)]
    check("2 discrete inputs", client.read_discrete_inputs(10, count=19, **one).bits[:19], wanted)
    check("4 input registers", client.read_input_registers(7, count=5, **one).registers, [21, 24, 27, 30, 33])
    check("4 a whole frame", len(client.read_input_registers(0, count=125, **one).registers), 125)
    check("6 writes one register", client.write_register(9, 0xBEEF, **one).isError(), False)
    check("3 reads it back", client.read_holding_registers(9, count=1, **one).registers, [0xBEEF])
    values = list(range(1000, 1123))
    check("16 writes a whole frame", client.write_registers(20, values, **one).isError(), False)
    check("16 is read back", client.read_holding_registers(20, count=123, **one).registers, values)
    client.write_register(4, 0x12, **one)
    check("22 masks", client.mask_write_register(address=4, and_mask=0xF2, or_mask=0x25, **one).isError(), False)
    check("22 as in the specification", client.read_holding_registers(4, count=1, **one).registers, [0x17])
    both = client.readwrite_registers(read_address=150, read_count=3, write_address=151, values=[7, 8], **one)
    check("23 reads after it writes", both.registers, [0, 7, 8])


def exceptions(client):
    """What does not exist is refused by the right number."""
    one = {"device_id": 1}
    for name, reply in [
        ("1 beyond the coils", client.read_coils(95, count=6, **one)),
        ("2 beyond the discrete inputs", client.read_discrete_inputs(100, count=1, **one)),
        ("3 beyond the holding registers", client.read_holding_registers(199, count=2, **one)),
        ("4 beyond the input registers", client.read_input_registers(60000, count=1, **one)),
        ("5 beyond the coils", client.write_coil(100, True, **one)),
        ("6 beyond the holding registers", client.write_register(200, 1, **one)),
        ("15 beyond the coils", client.write_coils(99, [True, True], **one)),
        ("16 beyond the holding registers", client.write_registers(199, [1, 2], **one)),
        ("22 beyond the holding registers", client.mask_write_register(address=200, and_mask=0, or_mask=0, **one)),
        ("23 beyond the holding registers", client.readwrite_registers(read_address=0, read_count=1, write_address=199, values=[1, 2], **one)),
    ]:
        check(name, (reply.isError(), getattr(reply, "exception_code", None)), (True, 2))
    check("a refused write wrote nothing", client.read_holding_registers(199, count=1, **one).registers, [0])


def raw(port, pdu):
    """One request that no proper client sends; the reply without its header."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        wire.sendall(struct.pack(">HHHB", 0x1234, 0, len(pdu) + 1, 1) + pdu)
        head = b""
        while len(head) < 7:
            piece = wire.recv(7 - len(head))
            if not piece:
                return None
            head += piece
        transaction, protocol, length, unit = struct.unpack(">HHHB", head)
        assert (transaction, protocol, unit) == (0x1234, 0, 1), head
        body = b""
        while len(body) < length - 1:
            piece = wire.recv(length - 1 - len(body))
            if not piece:
                return None
            body += piece
        return body


def illegal(port):
    """Quantities, byte counts and functions outside the specification."""
    for name, pdu, exception in [
        ("1 of none", struct.pack(">BHH", 1, 0, 0), 3),
        ("1 of 2001", struct.pack(">BHH", 1, 0, 2001), 3),
        ("2 of 2001", struct.pack(">BHH", 2, 0, 2001), 3),
        ("3 of none", struct.pack(">BHH", 3, 0, 0), 3),
        ("3 of 126", struct.pack(">BHH", 3, 0, 126), 3),
        ("4 of 126", struct.pack(">BHH", 4, 0, 126), 3),
        ("4 past the last address", struct.pack(">BHH", 4, 65535, 2), 2),
        ("5 of neither on nor off", struct.pack(">BHH", 5, 0, 0x1234), 3),
        ("15 of 1969", struct.pack(">BHHB", 15, 0, 1969, 247) + bytes(247), 3),
        ("15 with a wrong count", struct.pack(">BHHB", 15, 0, 9, 1) + bytes(1), 3),
        ("16 of none", struct.pack(">BHHB", 16, 0, 0, 0), 3),
        ("16 of 124", struct.pack(">BHHB", 16, 0, 124, 248) + bytes(246), 3),
        ("16 with a wrong count", struct.pack(">BHHB", 16, 0, 2, 2) + bytes(2), 3),
        ("23 of 122 written", struct.pack(">BHHHHB", 23, 0, 1, 0, 122, 244) + bytes(242), 3),
        ("3 cut short", struct.pack(">BH", 3, 0), 3),
        ("function 99", bytes([99, 0, 0]), 1),
        ("function 8", struct.pack(">BHH", 8, 0, 0), 1),
    ]:
        check(name, raw(port, pdu), bytes([pdu[0] | 0x80, exception]))


def main():
    port = int(sys.argv[1])
    client = ModbusTcpClient("127.0.0.1", port=port, timeout=5, retries=0)
    assert client.connect()
    functions(client)
    exceptions(client)
    client.close()
    illegal(port)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
