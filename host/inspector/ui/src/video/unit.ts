// One access unit as it comes over the WebSocket: a byte of flags, the presentation time in
// microseconds (i64, big-endian), and the unit.

export interface AccessUnit {
  isKey: boolean;
  pts_us: number;
  data: Uint8Array<ArrayBuffer>;
}

const HEAD = 9;
const KEY = 1;

export function readUnit(message: ArrayBuffer): AccessUnit | null {
  if (message.byteLength <= HEAD) return null;
  const head = new DataView(message, 0, HEAD);
  return {
    isKey: (head.getUint8(0) & KEY) !== 0,
    pts_us: Number(head.getBigInt64(1)),
    data: new Uint8Array(message, HEAD),
  };
}
