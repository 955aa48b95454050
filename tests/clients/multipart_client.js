// What node-red-contrib-hikvision-ultimate reads a device with: `dicer` for the stream and
// `fast-xml-parser` for the events, over Node's own HTTP and a Digest login with one nonce.
//
// Standard output: for each event but heartbeats `active TYPE CHANNEL` or `inactive TYPE CHANNEL`,
// and `picture BYTES`.

const http = require("node:http");
const crypto = require("node:crypto");
const Dicer = require("dicer");
const { XMLParser } = require("fast-xml-parser");

const PATH = "/ISAPI/Event/notification/alertStream";
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const place = { host: "127.0.0.1", port: Number(process.argv[2]), path: PATH, agent };
const parser = new XMLParser();

function hash(text) {
  return crypto.createHash("md5").update(text).digest("hex");
}

// The header is one text, also where there are several challenges: the last one counts.
function login(header) {
  if (!header.startsWith("Digest ")) throw new Error(`not Digest: ${header}`);
  const asked = {};
  for (const [, name, value] of header.matchAll(/([a-z0-9_-]+)="?([^",]*)"?/gi)) asked[name] = value;
  const who = hash(`admin:${asked.realm}:${process.env.DEVICE_PASSWORD}`);
  const cnonce = crypto.randomBytes(8).toString("hex");
  const what = hash(`GET:${PATH}`);
  const response = hash(`${who}:${asked.nonce}:00000001:${cnonce}:auth:${what}`);
  const algorithm = asked.algorithm || "MD5";
  return (
    `Digest username="admin", realm="${asked.realm}", nonce="${asked.nonce}", uri="${PATH}", ` +
    `response="${response}", algorithm="${algorithm}", qop=auth, nc=00000001, cnonce="${cnonce}"`
  );
}

function read(stream) {
  if (stream.statusCode !== 200) throw new Error(`it answered ${stream.statusCode}`);
  const boundary = /boundary="?([^";]+)"?/i.exec(stream.headers["content-type"])[1];
  const parts = new Dicer({ boundary });
  parts.on("part", (part) => {
    const chunks = [];
    let kind = "";
    part.on("header", (header) => (kind = header["content-type"][0]));
    part.on("data", (chunk) => chunks.push(chunk));
    part.on("end", () => told(kind, Buffer.concat(chunks)));
  });
  stream.pipe(parts);
}

function told(kind, body) {
  if (kind.startsWith("image/")) return console.log("picture", body.length);
  const event = parser.parse(body).EventNotificationAlert;
  if (event.eventType === "videoloss") return;
  console.log(event.eventState, event.eventType, event.channelID);
}

http.get(place, (asked) => {
  const authorization = login(asked.headers["www-authenticate"]);
  asked.on("end", () => http.get({ ...place, headers: { authorization } }, read));
  asked.resume();
});
