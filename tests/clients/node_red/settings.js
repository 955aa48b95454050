// Node-RED without its editor and without secrets of its own, for a test.
module.exports = {
  uiHost: "127.0.0.1",
  uiPort: Number(process.env.NODE_RED_PORT),
  disableEditor: true,
  // What is kept is a test's, and is thrown away with it.
  credentialSecret: false,
  telemetry: { enabled: false },
  logging: { console: { level: "info" } },
};
