// CBOR (RFC 8949), the part the server sends: integers, floats, text, byte strings,
// arrays, maps, null/true/false, and typed arrays (RFC 8746).

const text = new TextDecoder();

// Typed arrays need an aligned buffer, and a frame is rarely aligned: copy.
const typed = {
  64: (b) => b.slice(),
  69: (b) => new Uint16Array(copy(b)),
  70: (b) => new Uint32Array(copy(b)),
  85: (b) => new Float32Array(copy(b)),
  86: (b) => new Float64Array(copy(b)),
};

function copy(bytes) {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

/** Decodes one item; throws RangeError or Error if it is cut off or not understood. */
export function decode(buffer) {
  const view = new DataView(buffer);
  let at = 0;

  function length(low) {
    if (low < 24) return low;
    const bytes = { 24: 1, 25: 2, 26: 4, 27: 8 }[low];
    if (!bytes) throw new Error("cbor: indefinite length");
    const from = at;
    at += bytes;
    if (bytes === 1) return view.getUint8(from);
    if (bytes === 2) return view.getUint16(from);
    if (bytes === 4) return view.getUint32(from);
    return Number(view.getBigUint64(from));
  }

  function bytes(n) {
    if (at + n > view.byteLength) throw new RangeError("cbor: cut off");
    const out = new Uint8Array(buffer, at, n);
    at += n;
    return out;
  }

  function item(depth) {
    if (depth > 16) throw new RangeError("cbor: too deep");
    const head = view.getUint8(at++);
    const low = head & 31;
    switch (head >> 5) {
      case 0: return length(low);
      case 1: return -1 - length(low);
      case 2: return bytes(length(low));
      case 3: return text.decode(bytes(length(low)));
      case 4: {
        const n = length(low);
        const out = [];
        for (let i = 0; i < n; i++) out.push(item(depth + 1));
        return out;
      }
      case 5: {
        const n = length(low);
        const out = {};
        for (let i = 0; i < n; i++) {
          const key = item(depth + 1);
          out[key] = item(depth + 1);
        }
        return out;
      }
      case 6: {
        const tag = length(low);
        const inner = item(depth + 1);
        return typed[tag] && inner instanceof Uint8Array ? typed[tag](inner) : inner;
      }
      default:
        if (low === 20) return false;
        if (low === 21) return true;
        if (low === 22 || low === 23) return null;
        if (low === 26) { at += 4; return view.getFloat32(at - 4); }
        if (low === 27) { at += 8; return view.getFloat64(at - 8); }
        throw new Error("cbor: simple value");
    }
  }

  return item(0);
}
