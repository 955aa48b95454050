// What plugins in JavaScript expect of every runtime and QuickJS does not have: a console, which
// is the host's log, and texts as bytes and back.

import { write } from "agave:plugin/log@0.1.0";

function shown(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}\n${value.stack ?? ""}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

const line = (level) => (...values) => write(level, values.map(shown).join(" "));

globalThis.console ??= {
  trace: line("trace"),
  debug: line("debug"),
  log: line("info"),
  info: line("info"),
  warn: line("warn"),
  error: line("error"),
};

globalThis.TextEncoder ??= class TextEncoder {
  encoding = "utf-8";

  encode(text = "") {
    const bytes = [];
    for (const character of String(text)) {
      let code = character.codePointAt(0);
      if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd; // half of a pair
      if (code < 0x80) {
        bytes.push(code);
        continue;
      }
      const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
      bytes.push([0xc0, 0xe0, 0xf0][more - 1] | (code >> (6 * more)));
      for (let shift = 6 * (more - 1); shift >= 0; shift -= 6) {
        bytes.push(0x80 | ((code >> shift) & 0x3f));
      }
    }
    return Uint8Array.from(bytes);
  }
};

globalThis.TextDecoder ??= class TextDecoder {
  encoding = "utf-8";

  constructor(encoding = "utf-8", { fatal = false } = {}) {
    if (!/^utf-?8$/i.test(encoding)) throw new RangeError(`only utf-8 can be decoded, not ${encoding}`);
    this.fatal = fatal;
  }

  decode(given = []) {
    const bytes = given instanceof ArrayBuffer ? new Uint8Array(given) : given;
    let text = "";
    for (let at = 0; at < bytes.length; ) {
      const first = bytes[at++];
      const more = first < 0x80 ? 0 : first >> 5 === 6 ? 1 : first >> 4 === 14 ? 2 : first >> 3 === 30 ? 3 : -1;
      let code = more < 1 ? first : first & (0x3f >> more);
      let left = more;
      while (left > 0 && bytes[at] >> 6 === 2) {
        code = (code << 6) | (bytes[at++] & 0x3f);
        left -= 1;
      }
      const least = [0, 0x80, 0x800, 0x10000][more];
      const wrong = more < 0 || left > 0 || code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
      if (wrong && this.fatal) throw new TypeError("these bytes are not UTF-8");
      text += wrong ? "\ufffd" : String.fromCodePoint(code);
    }
    return text;
  }
};
