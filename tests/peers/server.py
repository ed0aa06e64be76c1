"""pymodbus as server for our driver.

Prints `PORT n` when it listens. Input register n holds 3 n, except 40..41 (float32
21.5) and 50..53 (int64 -5); discrete input n and coil 60 + n are on where n % 3 == 0;
holding register 100 + n holds 7 n. Ends when its input ends, and prints `WRITTEN` with
holding registers 0..19 and coils 0..9 as JSON.
"""

import asyncio
import json
import struct
import sys

from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer


def words(form, value):
    packed = struct.pack(form, value)
    return [int.from_bytes(packed[at : at + 2], "big") for at in range(0, len(packed), 2)]


async def main():
    inputs = [3 * n for n in range(200)]
    inputs[40:42] = words(">f", 21.5)
    inputs[50:54] = words(">q", -5)
    holding = [0] * 100 + [7 * n for n in range(100)]
    coils = [False] * 60 + [n % 3 == 0 for n in range(40)]
    discrete = [n % 3 == 0 for n in range(100)]
    # pymodbus counts the addresses of a block from 1.
    block = lambda values: ModbusSequentialDataBlock(1, values)
    device = ModbusDeviceContext(di=block(discrete), co=block(coils), hr=block(holding), ir=block(inputs))
    context = ModbusServerContext(devices={1: device}, single=False)
    server = ModbusTcpServer(context, address=("127.0.0.1", 0))
    await server.listen()
    port = server.transport.sockets[0].getsockname()[1]
    print(f"PORT {port}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    written = {
        "registers": device.getValues(3, 0, 20),
        "coils": [bool(bit) for bit in device.getValues(1, 0, 10)],
    }
    print("WRITTEN " + json.dumps(written), flush=True)
    await server.shutdown()


asyncio.run(main())
